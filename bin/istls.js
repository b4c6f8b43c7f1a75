#!/usr/bin/env node
// Runs on every Node that knows ES modules, so that one that is too old hears what is missing instead of a syntax error:
// no static import, and no syntax younger than Node 12.
const needed = [22, 19];
const found = process.versions.node.split('.').map(Number);

if (found[0] > needed[0] || (found[0] === needed[0] && found[1] >= needed[1])) {
  start().catch(refuse);
} else {
  process.stderr.write(
    'istls needs Node ' +
      needed.join('.') +
      ' or later and this is Node ' +
      process.versions.node +
      ': in a checkout, `npm ci && npx istls ...` runs it on a Node of its own;' +
      ' elsewhere, get one from https://nodejs.org/en/download or with `nvm install 24`.\n',
  );
  process.exitCode = 3;
}

async function start() {
  const program = await load();
  await program.main(process.argv);
}

/** The build, or the sources where nobody has built: Node strips their types. A build that is broken is not passed over. */
async function load() {
  const built = new URL('../dist/main.js', import.meta.url).href;
  try {
    return await import(built);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== built) throw error;
    return import('../src/main.ts');
  }
}

/** Without this, Node would end with 1, and 1 means that a gateway is broken. */
function refuse(error) {
  process.stderr.write('istls could not be loaded, `npm ci` in its folder builds it anew:\n' + error.stack + '\n');
  process.exitCode = 3;
}
