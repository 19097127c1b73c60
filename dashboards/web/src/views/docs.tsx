import { useEffect, useState } from 'preact/hooks';
import { link } from '../state';

/// The documentation that belongs to this collector: made from docs/ when the page is built, so it is no foreign text.
export function DocsView({ page }: { page: string }) {
  const [list, setList] = useState<{ name: string; title: string }[]>([]);
  const [text, setText] = useState('');
  const name = (page || 'README.md').replace(/\.md$/, '');
  useEffect(() => { fetch('./docs/list.json').then((answer) => answer.json()).then(setList, () => setList([])); }, []);
  useEffect(() => {
    setText('');
    fetch(`./docs/${name}.txt`).then(async (answer) => setText(answer.ok ? await answer.text() : '<h1>No such page</h1>'), () => setText('<h1>The collector does not answer</h1>'));
  }, [name]);
  return (
    <div class="docs">
      <nav aria-label="Documentation"><details open={innerWidth > 700}><summary>All pages</summary>
        {['tutorial', 'how-to', 'reference', 'explanation'].map((kind) => (
          <section key={kind}><h2>{kind}</h2><ul>{list.filter((each) => each.name.startsWith(kind)).map((each) => <li key={each.name}><a href={link(['docs', ...each.name.split('/')])} aria-current={each.name.replace(/\.md$/, '') === name ? 'page' : undefined}>{each.title}</a></li>)}</ul></section>))}
      </details></nav>
      <article dangerouslySetInnerHTML={{ __html: text }} />
    </div>
  );
}
