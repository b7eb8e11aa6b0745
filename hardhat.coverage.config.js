// `make coverage` runs forge's tests by Hardhat too; `hardhat test` by itself has tests of its own.
import config, { legacy } from "./hardhat.config.js";

const few = { fuzz: { runs: 16, seed: "0x1" } };

export default {
  ...config,
  solidity: { compilers: [legacy] },
  paths: {
    sources: "contracts",
    artifacts: "build/hardhat-coverage/artifacts",
    cache: "build/hardhat-coverage/cache",
    tests: { solidity: "tests/contracts" },
  },
  // The tests name forge's profiles; these stand for them. For coverage a few cases do.
  test: { solidity: { profiles: { default: few, ci: few, long: few } } },
};
