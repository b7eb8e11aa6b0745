// Hardhat compiles the same sources by the same settings as everything else: contracts/solc.json.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { version, settings } = JSON.parse(readFileSync(new URL("./contracts/solc.json", import.meta.url), "utf8"));

// This compiler comes out of node_modules; nothing is downloaded.
const path = createRequire(import.meta.url).resolve("solc/soljson.js");

export default {
  solidity: { version, path, settings },
  paths: {
    sources: "contracts",
    artifacts: "build/hardhat/artifacts",
    cache: "build/hardhat/cache",
    tests: { solidity: "tests/hardhat" }, // forge runs those in tests/contracts
  },
};
