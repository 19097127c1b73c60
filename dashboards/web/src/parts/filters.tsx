import { PLANE_WORDS } from '../format';
import { change } from '../state';

interface Field { name: string; label: string; value: string | undefined; options?: [string, string][]; hint?: string; width?: number }

/// Fields whose values stand in the address of the page.
export function Filters({ fields }: { fields: Field[] }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      {fields.map(({ name, label, value, options, hint, width }) => (
        <label key={name}>
          {label}
          {options
            ? <select value={value ?? ''} onChange={(event) => change({ [name]: event.currentTarget.value, cursor: '' })}>
                {options.map(([option, title]) => <option key={option} value={option}>{title}</option>)}
              </select>
            : <input type="text" size={width ?? 16} value={value ?? ''} placeholder={hint} onChange={(event) => change({ [name]: event.currentTarget.value.trim(), cursor: '' })} />}
        </label>))}
    </form>
  );
}

export const FAMILIES: [string, string][] = [['ipv4', 'IPv4'], ['ipv6', 'IPv6']];
export const PLANES: [string, string][] = Object.entries(PLANE_WORDS);
