import type { ComponentChildren } from 'preact';
import type { Answer } from '../state';

/// What is shown instead of an answer, or above an old one.
export function Notice<T>({ of, empty, children }: { of: Answer<T>; empty?: boolean; children?: ComponentChildren }) {
  if (of.error) return <p class="problem" role="alert">{of.error}</p>;
  if (of.data === null) return <p class="muted" role="status">Asking the collector…</p>;
  return empty ? <p class="void">{children ?? 'There is nothing.'}</p> : null;
}

/// The request behind what is shown, for a terminal or a notebook.
export function Source({ text, download }: { text: string; download?: string }) {
  return (
    <details class="source">
      <summary>The data behind this</summary>
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onClick={() => void navigator.clipboard?.writeText(text)}>Copy</button>
      {download && <a href={download} download>Download</a>}
    </details>
  );
}
