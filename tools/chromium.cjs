// Unpacks the headless Chromium of @sparticuz/chromium into .tools/chromium, and puts a script that runs it into
// .tools/bin. Its own libraries and fonts come along, so that nothing of the system's is needed but the C library.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const { pipeline } = require('node:stream/promises');

const root = path.resolve(__dirname, '..');
const packed = path.join(root, 'node_modules', '@sparticuz', 'chromium', 'bin');
const home = path.join(root, '.tools', 'chromium');
const command = path.join(root, '.tools', 'bin', 'chromium');

const SCRIPT = `#!/bin/sh
here=$(cd "$(dirname "$0")/../chromium" && pwd)
# after the system's own, where it has them
export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
export FONTCONFIG_PATH="$here/fonts"
exec "$here/chromium" "$@"
`;

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir prefix="relative">.</dir>
<dir>/usr/share/fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;

async function unpack(name, target) {
  const file = fs.createReadStream(path.join(packed, name));
  await pipeline(file, zlib.createBrotliDecompress(), target);
}

async function main() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error(`chromium: the packed one runs on Linux x64, not on ${process.platform} ${process.arch}`);
    process.exit(3);
  }
  const { extract } = require(path.join(root, 'node_modules', 'tar-fs'));
  console.log('chromium: unpacking the browser that tests use');
  const fresh = `${home}.new`;
  fs.rmSync(fresh, { recursive: true, force: true });
  fs.mkdirSync(fresh, { recursive: true });
  await unpack('chromium.br', fs.createWriteStream(path.join(fresh, 'chromium'), { mode: 0o755 }));
  await unpack('al2023.tar.br', extract(fresh));
  await unpack('fonts.tar.br', extract(fresh));
  await unpack('swiftshader.tar.br', extract(fresh));
  fs.mkdirSync(path.join(fresh, 'fonts'), { recursive: true });
  fs.writeFileSync(path.join(fresh, 'fonts', 'fonts.conf'), FONTS);
  fs.rmSync(home, { recursive: true, force: true });
  fs.renameSync(fresh, home);
  fs.mkdirSync(path.dirname(command), { recursive: true });
  // last: whoever finds it finds all that it leads to
  fs.writeFileSync(command, SCRIPT, { mode: 0o755 });
}

main().catch((error) => {
  console.error(`chromium: ${error.message}`);
  process.exit(1);
});
