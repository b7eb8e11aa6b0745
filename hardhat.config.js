// Hardhat compiles the same sources by the same settings as everything else: contracts/solc.json.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { version, settings } = JSON.parse(readFileSync(new URL("./contracts/solc.json", import.meta.url), "utf8"));

// This compiler comes out of node_modules; nothing is downloaded.
const path = createRequire(import.meta.url).resolve("solc/soljson.js");

// Tests are compiled as forge does it: foundry.toml says why. They deploy what `python -m deploy.compiler` made.
export const legacy = { version, path, settings: { ...settings, viaIR: false } };

export default {
  solidity: {
    compilers: [{ version, path, settings }],
    overrides: { "tests/hardhat/Deployment.t.sol": legacy, "tests/hardhat/Limits.sol": legacy },
  },
  paths: {
    sources: "contracts",
    artifacts: "build/hardhat/artifacts",
    cache: "build/hardhat/cache",
    tests: { solidity: "tests/hardhat" }, // forge runs those in tests/contracts
  },
  test: { solidity: { fsPermissions: { readFile: ["build/contracts.json"] } } },
};
