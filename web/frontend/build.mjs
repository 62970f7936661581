// node build.mjs OUT: bundles src/ into OUT, which is emptied first.
import { build } from 'esbuild';
import { copyFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(here, 'node_modules');
const out = path.resolve(process.argv[2] ?? path.join(here, '..', 'static'));

// GDS Transport and the crown are licensed to services on gov.uk only, and a council is not one of
// them: no font, no crest and no reference to either may leave this build.
function forCouncils(css) {
  return css
    .replace(/@font-face\s*\{[^}]*GDS Transport[^}]*\}/g, '')
    .replace(/"?GDS Transport"?\s*,\s*/g, '')
    .replace(/[^{}]*\{[^{}]*govuk-crest[^{}]*\}/g, '')
    .replaceAll('@media screen\\0 and', '@media not all and') // for Internet Explorer; not CSS
    .replace(/\/\*# sourceMappingURL=.*?\*\//g, '');
}

const councilStyles = {
  name: 'council-styles',
  setup(bundle) {
    bundle.onLoad({ filter: /(govuk|moj)-frontend\.min\.css$/ }, async ({ path: file }) => {
      const assets = path.join(path.dirname(file), 'assets');
      const css = forCouncils(await readFile(file, 'utf8'));
      return { contents: css.replaceAll('url(/assets/', `url(${assets.replaceAll('\\', '/')}/`), loader: 'css' };
    });
  },
};

// Each group of pages has chunks of its own, so no page loads a byte for the other's sake.
async function bundle(entryPoints, folder) {
  const { metafile } = await build({
    absWorkingDir: here,
    entryPoints,
    outdir: path.join(out, folder),
    bundle: true,
    metafile: true,
    minify: true,
    format: 'esm',
    splitting: true,
    target: ['es2020'],
    chunkNames: 'chunks/[name]-[hash]',
    assetNames: 'assets/[name]-[hash]',
    legalComments: 'linked',
    loader: { '.svg': 'file', '.woff': 'file', '.woff2': 'file', '.ttf': 'file', '.eot': 'file' },
    plugins: [councilStyles],
    logLevel: 'warning',
  });
  return Object.keys(metafile.inputs);
}

await rm(out, { recursive: true, force: true });
const inputs = [
  ...await bundle(['src/govuk.js', 'src/viewer.js', 'src/instances.js', 'src/pathways.css'], '.'),
  ...await bundle(['src/studio/bpmn.js', 'src/studio/dmn.js', 'src/studio/form.js', 'src/studio/compare.js'], 'studio'),
];
await copyFile(path.join(here, 'src', 'favicon.svg'), path.join(out, 'favicon.svg'));

for (const name of await readdir(out, { recursive: true })) {
  if (/crest|crown/i.test(path.basename(name)) || (/\.css$/.test(name)
      && /GDS Transport|(crest|crown)[^{}]*\.(png|svg)/i.test(await readFile(path.join(out, name), 'utf8')))) {
    throw new Error(`${name} still holds a font or emblem that is licensed to gov.uk only`);
  }
}

// The licences ask that their notices travel with what is built from them.
const bundled = new Set(
  inputs
    .map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1])
    .filter(Boolean),
);
// form-js brings the grid of Carbon in its own styles.
for (const name of ['@carbon/grid', '@carbon/layout']) bundled.add(name);
const notices = [];
for (const name of [...bundled].sort()) {
  const folder = path.join(modules, name);
  const { version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  notices.push(`${name} ${version} (${license})\n${file ? `\n${await readFile(path.join(folder, file), 'utf8')}` : ''}`);
}
await writeFile(path.join(out, 'LICENCES.txt'), notices.join(`\n${'-'.repeat(72)}\n\n`));
