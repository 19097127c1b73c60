import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { marked } from 'marked';
import { defineConfig, type Plugin } from 'vite';

const DOCS = join(import.meta.dirname, '../../docs');

function pages(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? pages(path) : name.endsWith('.md') ? [path] : [];
  });
}

/// Links between pages stay inside of this page; what is not documentation is not shown here.
function html(path: string): string {
  const here = relative(DOCS, path);
  const text = readFileSync(path, 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  const made = marked.parse(text, { async: false, gfm: true });
  return made
    .replace(/<h([1-4])>(.*?)<\/h\1>/g, (_, level, words) =>
      `<h${level} id="${words.replace(/<[^>]*>/g, '').toLowerCase().replace(/[^a-z0-9 _-]/g, '').trim().replace(/ /g, '-')}">${words}</h${level}>`)
    .replace(/href="(?!https?:|#)([^"#]+)(#[^"]*)?"/g, (_, target, anchor) =>
      `href="#/docs/${join(here, '..', target).replace(/\\/g, '/')}${anchor ?? ''}"`)
    .replace(/<img [^>]*>/g, '');
}

/// The documentation, each page a file of its own that is fetched when it is read.
function documentation(): Plugin {
  return {
    name: 'isthmus-docs',
    generateBundle() {
      const list = pages(DOCS).map((path) => {
        const name = relative(DOCS, path);
        const title = /^# (.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? name;
        this.emitFile({ type: 'asset', fileName: `docs/${name.replace(/\.md$/, '')}.txt`, source: html(path) });
        return { name, title };
      });
      this.emitFile({ type: 'asset', fileName: 'docs/list.json', source: JSON.stringify(list) });
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [documentation()],
  oxc: undefined,
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, cssCodeSplit: false, chunkSizeWarningLimit: 200 },
} as never);
