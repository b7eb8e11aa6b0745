/** Made from the compiled contracts when the page is built: see deploy/explorer/building.py. */
declare module 'fedjury:abi' {
  import type { Abi } from 'viem';

  /** What a term means, and in which unit it is: a `Unit` of clients/types/terms.py. */
  export interface Label {
    help: string;
    unit: string;
    choices?: string[];
  }

  const abi: {
    /** Functions, events and errors of all federations, each once; without `terms()`. */
    federation: Abi;
    /** `terms()` of each mechanism's federation. */
    terms: Record<string, Abi>;
    /** Each mechanism's own terms by their names in the ABI. */
    labels: Record<string, Record<string, Label>>;
    token: Abi;
    beacon: Abi;
  };
  export default abi;
}
