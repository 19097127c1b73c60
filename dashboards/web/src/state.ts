// The address of the page holds its whole state: "#/targets/AS131279?at=...&plane=control".
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Query, get } from './api';

export interface Place { path: string[]; query: Record<string, string> }

export function place(): Place {
  const [path = '', tail = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: Object.fromEntries(new URLSearchParams(tail.split('#')[0])) };
}

export function link(path: string[], query: Query = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') text.set(name, String(value));
  }
  const tail = text.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${tail ? `?${tail}` : ''}`;
}

/// Changes what is asked and stays where one is; what is empty goes away.
export function change(query: Query, remember = true): void {
  const here = place();
  const next = link(here.path, { ...here.query, ...query });
  if (remember) location.hash = next;
  else {
    history.replaceState(null, '', next);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
}

export function usePlace(): Place {
  const [here, set] = useState(place);
  useEffect(() => {
    const moved = (): void => set(place());
    addEventListener('hashchange', moved);
    return () => removeEventListener('hashchange', moved);
  }, []);
  return here;
}

/// How often the collector's state has changed since the page was opened; see main.tsx.
export const live = { generation: 0 };
export function useGeneration(): number {
  const [generation, set] = useState(live.generation);
  useEffect(() => {
    const told = (): void => set(live.generation);
    addEventListener('isthmus-snapshot', told);
    return () => removeEventListener('isthmus-snapshot', told);
  }, []);
  return generation;
}

export interface Answer<T> { data: T | null; error: string; loading: boolean }

/// Asks the collector, and again whenever the question changes; the last answer stays until the next one is there.
export function useApi<T>(path: string | null, query: Query = {}, again: number | string = 0): Answer<T> {
  const [answer, set] = useState<Answer<T>>({ data: null, error: '', loading: true });
  const key = path === null ? '' : `${path}?${JSON.stringify(query)}#${again}`;
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    set((before) => ({ ...before, loading: true }));
    get<T>(path, query, stop.signal).then(
      (data) => set({ data, error: '', loading: false }),
      (error: Error) => { if (!stop.signal.aborted) set((before) => ({ ...before, error: error.message, loading: false })); });
    return () => stop.abort();
  }, [key]);
  return answer;
}

/// How wide an element is now.
export function useWidth(): [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, set] = useState(900);
  useEffect(() => {
    if (!box.current) return undefined;
    const watch = new ResizeObserver(([entry]) => entry && set(Math.max(280, Math.floor(entry.contentRect.width))));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}
