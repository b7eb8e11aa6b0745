/** Made from the compiled contracts when the page is built: see deploy/explorer/building.py. */
declare module 'fedjury:abi' {
  import type { Abi } from 'viem';

  const abi: {
    /** Functions, events and errors of all federations, each once; without `terms()`. */
    federation: Abi;
    /** `terms()` of each mechanism's federation. */
    terms: Record<string, Abi>;
    token: Abi;
    beacon: Abi;
  };
  export default abi;
}
