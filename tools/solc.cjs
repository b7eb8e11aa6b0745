#!/usr/bin/env node
// The Solidity compiler of node_modules, behind the command line of the native one: what py-solc-x and
// forge need of it, which is `--version` and standard JSON from stdin to stdout.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const USAGE = 'usage: solc.cjs --version | --standard-json [--base-path DIR] [--include-path DIR]… [--allow-paths …] [-]\n';

function parse(argv) {
  const options = { version: false, standardJson: false, basePath: '.', includePaths: [] };
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = argv[i].split(/=(.*)/s);
    const value = () => (inline === undefined ? argv[++i] : inline);
    if (name === '--version') options.version = true;
    else if (name === '--standard-json') options.standardJson = true;
    else if (name === '--base-path') options.basePath = value();
    else if (name === '--include-path') options.includePaths.push(value());
    else if (name === '--allow-paths') value(); // only files that a source imports are read at all
    else if (name !== '-') {
      process.stderr.write(`solc.cjs: unknown argument ${argv[i]}\n${USAGE}`);
      process.exit(1);
    }
  }
  return options;
}

function reader({ basePath, includePaths }) {
  const folders = [basePath, ...includePaths];
  return (name) => {
    for (const folder of folders) {
      const file = path.resolve(folder, name);
      if (fs.existsSync(file)) return { contents: fs.readFileSync(file, 'utf8') };
    }
    return { error: `File not found in ${folders.join(', ')}` };
  };
}

// In a function so that a module that fails to load is told in one line.
function compiler() {
  try {
    return require('solc');
  } catch {
    process.stderr.write('solc.cjs: no solc in node_modules; run `make setup`\n');
    process.exit(1);
  }
}

function main() {
  const options = parse(process.argv.slice(2));
  if (options.version) {
    // Tools read the platform off the end; to them this is a native compiler.
    const version = compiler().version().replace(/\.Emscripten.*$/, '');
    process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}.Linux.g++\n`);
  } else if (options.standardJson) {
    const output = compiler().compile(fs.readFileSync(0, 'utf8'), { import: reader(options) });
    process.stdout.write(output);
  } else {
    process.stderr.write(USAGE);
    process.exit(1);
  }
}

main();
