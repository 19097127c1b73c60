import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { link, live, usePlace } from './state';
import { time, words } from './format';
import type { IsthmusEvent } from './api';
import { DocsView } from './views/docs';
import { EventView } from './views/event';
import { EventsView } from './views/events';
import { HistoryView } from './views/history';
import { PathsView } from './views/paths';
import { SourcesView } from './views/sources';
import { TargetView } from './views/target';
import { TargetsView } from './views/targets';
import './style.css';
import 'uplot/dist/uPlot.min.css';

const VIEWS: [string, string][] = [
  ['targets', 'Targets'], ['events', 'Events'], ['paths', 'Paths'], ['history', 'History'], ['sources', 'Probes and feeds'], ['docs', 'Docs']];

type Theme = 'auto' | 'light' | 'dark';

function useTheme(): [Theme, () => void] {
  const [theme, set] = useState<Theme>(() => (localStorage.getItem('theme') as Theme | null) ?? 'auto');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem('theme', theme);
    dispatchEvent(new Event('isthmus-theme'));
  }, [theme]);
  return [theme, () => set(theme === 'auto' ? 'dark' : theme === 'dark' ? 'light' : 'auto')];
}

const AGAIN = 3000; // ms before the collector is asked again

/// Listens to the collector: a new state makes views ask again, a new event is said aloud. A browser gives a stream up
/// where it is answered with an error; this does not.
function useStream(): { connected: boolean | null; last: IsthmusEvent | null; dismiss: () => void } {
  const [connected, setConnected] = useState<boolean | null>(null);
  const [last, setLast] = useState<IsthmusEvent | null>(null);
  useEffect(() => {
    let source: EventSource;
    let timer = 0;
    let lost = false;
    const changed = (): void => { live.generation += 1; dispatchEvent(new Event('isthmus-snapshot')); };
    const open = (): void => {
      source = new EventSource('./api/v1/stream');
      source.onopen = () => { setConnected(true); if (lost) changed(); lost = false; };
      source.onerror = () => {
        lost = true;
        setConnected(false);
        if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN);
      };
      source.addEventListener('snapshot', changed);
      source.addEventListener('event', (message) => setLast(JSON.parse((message as MessageEvent<string>).data) as IsthmusEvent));
    };
    open();
    return () => { clearTimeout(timer); source.close(); };
  }, []);
  return { connected, last, dismiss: () => setLast(null) };
}

function App() {
  const here = usePlace();
  const [theme, turn] = useTheme();
  const { connected, last, dismiss } = useStream();
  const view = here.path[0] ?? 'targets';
  useEffect(() => {
    document.title = [here.path[1], VIEWS.find(([name]) => name === view)?.[1], 'Isthmus'].filter(Boolean).join(' – ');
    document.getElementById('main')?.focus();
  }, [here.path.join('/')]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById('main')?.focus(); }}>Skip to the content</a>
      <header>
        <a class="brand" href={link(['targets'])}><img src="./icon.svg" alt="" width="24" height="24" /> Isthmus</a>
        <nav aria-label="Views">
          {VIEWS.map(([name, title]) => <a key={name} href={link([name])} aria-current={view === name ? 'page' : undefined}>{title}</a>)}
        </nav>
        <span class={connected ? 'live on' : 'live'} role="status">{connected === null ? 'connecting' : connected ? 'live' : 'not connected'}</span>
        <button type="button" onClick={turn} aria-label={`Colours: ${theme}. Change`}>{theme === 'dark' ? '☾' : theme === 'light' ? '☀' : '◐'}</button>
      </header>
      {connected === false && <p class="lost" role="alert">The collector does not answer. What is shown here is what it said last; it is asked again by itself.</p>}
      <div aria-live="polite">
        {last && (
          <p class={`toast ${last.severity}`}>
            <a href={link(['events', last.id])} onClick={dismiss}>{time(last.time)} {words(last.type)}: {last.summary}</a>
            <button type="button" onClick={dismiss} aria-label="Close">×</button>
          </p>)}
      </div>
      <main id="main" tabIndex={-1}>
        {view === 'targets' && (here.path[1] ? <TargetView name={here.path[1]} query={here.query} /> : <TargetsView query={here.query} />)}
        {view === 'events' && (here.path[1] ? <EventView id={here.path[1]} /> : <EventsView query={here.query} />)}
        {view === 'paths' && <PathsView query={here.query} />}
        {view === 'history' && <HistoryView query={here.query} />}
        {view === 'sources' && <SourcesView />}
        {view === 'docs' && <DocsView page={here.path.slice(1).join('/')} />}
        {!VIEWS.some(([name]) => name === view) && <><h1>Nothing here</h1><p><a href={link(['targets'])}>All targets</a></p></>}
      </main>
      <footer>All times are UTC. Shares count networks that look, not traffic. <a href="./api/v1">API</a> <a href="./metrics">Metrics</a></footer>
    </>
  );
}

const app = document.getElementById('app');
if (app) render(<App />, app);
