// Writes boards/*.json, which Grafana reads.
import { writeFileSync } from 'node:fs';
import { allBoards } from './src/boards.mjs';

for (const [name, text] of Object.entries(allBoards())) {
  writeFileSync(new URL(`boards/${name}`, import.meta.url), text);
  console.log(`boards/${name}: ${text.length} bytes`);
}
