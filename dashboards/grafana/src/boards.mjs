// All boards, by the name of their file.
import { collectorBoard } from './boards/collector.mjs';
import { eventBoard } from './boards/event.mjs';
import { sourcesBoard } from './boards/sources.mjs';
import { targetBoard } from './boards/target.mjs';

/// Numbers the panels, so that links to one of them stay good.
function numbered(board) {
  board.panels.forEach((each, index) => { each.id = index + 1; });
  return board;
}

export function allBoards() {
  const made = { target: targetBoard(), event: eventBoard(), sources: sourcesBoard(), collector: collectorBoard() };
  return Object.fromEntries(Object.entries(made).map(([name, builder]) => [`${name}.json`, `${JSON.stringify(numbered(builder.build()), null, 2)}\n`]));
}
