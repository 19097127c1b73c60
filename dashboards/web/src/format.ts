// Numbers, names and times in words. All times are UTC.

export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;
}

export function asn(number: number | null, name = ''): string {
  return number === null ? 'others' : name ? `AS${number} ${name}` : `AS${number}`;
}

/// "2017-10-01 09:07:51 UTC"
export function time(text: string | null | undefined): string {
  return text ? `${text.slice(0, 19).replace('T', ' ')} UTC` : '–';
}

export function milliseconds(us: number | null | undefined): string {
  return us === null || us === undefined ? '–' : `${(us / 1000).toFixed(1)} ms`;
}

export function count(value: number): string {
  return value.toLocaleString('en-GB').replaceAll(',', '\u202f');
}

export function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/// "upstream_new" as "upstream new".
export function words(text: string): string {
  return text.replaceAll('_', ' ');
}

export const toSeconds = (text: string): number => Date.parse(text) / 1000;
export const fromSeconds = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/// "09:07:51 UTC"
export function clock(text: string): string {
  return `${text.slice(11, 19)} UTC`;
}

export const PLANE_WORDS: Record<string, string> = { control: 'routes (BGP)', data: 'packets (traceroute)' };

/// The same colour for an AS wherever it stands and whenever the page is opened, unless two that are shown want the same one.
const COLOURS = 8;
const given = new Map<number, number>();
function slot(number: number): number {
  const wanted = (Math.imul(number, 0x9e3779b1) >>> 16) % COLOURS;
  const taken = new Set(given.values());
  for (let step = 0; step < COLOURS; step += 1) {
    const each = (wanted + step) % COLOURS;
    if (!taken.has(each)) return each;
  }
  return wanted;
}
export function colour(number: number | null): string {
  if (number === null) return 'var(--muted)';
  if (!given.has(number)) given.set(number, slot(number));
  return `var(--c${(given.get(number) ?? 0) + 1})`;
}
/// For a canvas, which knows no variables.
export function paint(number: number | null): string {
  const name = /var\((.*)\)/.exec(colour(number))?.[1] ?? '--muted';
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || '#888';
}
