import type { FileDescription } from './openFile.js';
import type { PostgresDescription } from './openPostgres.js';
import type { RedisDescription } from './openRedis.js';

/** What an actor makes its store of: plain data, for it goes to another process. */
export type StoreDescription = FileDescription | RedisDescription | PostgresDescription;

interface StoreTerms {
  /** Of a lease: how long it lasts. Others ignore it. */
  readonly leaseMs?: number | undefined;
}

/** The pair of tokens that an outsider finds, or in words why there is none. */
export type Found = { readonly access: string; readonly refresh: string } | string;

/** `lease`: the lock can lapse under its holder. `lasting`: it cannot, and is free as soon as its holder is gone. */
export type Trait = 'file' | 'server' | 'lease' | 'lasting';

/** What a store of the chaos run stands on. */
export interface Backend {
  readonly traits: readonly Trait[];
  /**
   * Starts what is needed for one experiment, with an empty credential.
   *
   * @param folder an empty one, on a disk
   */
  start(folder: string): Promise<Standing>;
}

/** A backend that stands. */
export interface Standing {
  describe(terms?: StoreTerms): StoreDescription;
  /** What is stored, seen from outside; waits while the server is down. Of a file: at once. */
  look(): Promise<Found>;
  /** The refresh tokens that are whole and durable, in place or about to be. */
  saved(): Promise<string[]>;
  /** What does not belong there, after a clean start. */
  leftovers(): Promise<string[]>;
  /** What can befall a server; none for a file. */
  readonly server?: ServerFaults | undefined;
  close(): Promise<void>;
}

interface ServerFaults {
  /** Kills it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on what it has on its disk. */
  restart(): Promise<void>;
  /** Cuts all connections of others. */
  cut(): Promise<void>;
  /** Frees the lock behind its holder's back; absent where that cannot happen. */
  loseLock?(): Promise<void>;
  /** How many connections there are that only listen. */
  listeners(): Promise<number>;
}
