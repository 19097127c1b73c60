import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Column<T> {
  title: string;
  cell: (row: T, index: number) => ComponentChildren;
  head?: boolean;    ///< names the row
  number?: boolean;  ///< stands right
}

/// Rows under columns; on a phone each row is a card. What is wider than its place can be scrolled, with the keyboard too.
export function Table<T>({ caption, columns, rows, keyOf, rowClass, quiet }: {
  caption: string; columns: Column<T>[]; rows: T[]; keyOf: (row: T, index: number) => string; rowClass?: (row: T) => string; quiet?: boolean;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [wide, setWide] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => setWide(element.scrollWidth > element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={box} class="scroll" {...(wide ? { tabIndex: 0, role: 'region', 'aria-label': caption } : {})}>
      <table class="cards">
        <caption class={quiet ? 'aside' : ''}>{caption}</caption>
        <thead><tr>{columns.map((each) => <th key={each.title} scope="col" class={each.number ? 'number' : ''}>{each.title}</th>)}</tr></thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={keyOf(row, index)} class={rowClass?.(row) ?? ''}>
              {columns.map((each) => {
                const inside = each.cell(row, index);
                return each.head
                  ? <th key={each.title} scope="row">{inside}</th>
                  : <td key={each.title} data-label={each.title} class={each.number ? 'number' : ''}>{inside}</td>;
              })}
            </tr>))}
        </tbody>
      </table>
    </div>
  );
}
