import { createServer } from 'node:net';
import type { Server } from 'node:net';

/** A port that is open on all the addresses, held by servers that nobody answers yet. */
export interface ReservedPort {
  readonly port: number;
  /** By `address:port`. */
  readonly servers: ReadonlyMap<string, Server>;
}

/**
 * Reserves a port on loopback: the wanted one, or any other of the usual range of node ports when that is taken.
 * @throws Error when none of a good number of them is free, or the one that must be had is not.
 */
export async function reservePort(wanted: number, addresses: readonly string[], must: boolean): Promise<ReservedPort> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = attempt === 0 ? wanted : 30_000 + Math.floor(Math.random() * 2_700);
    const reserved = await tryPort(port, addresses);
    if (reserved) return reserved;
    if (must) break;
  }
  throw new Error(
    must
      ? `Port ${wanted} on ${addresses.join(' and ')} is not free: choose another one, or leave the choice to the lab.`
      : 'No free port was found between 30000 and 32700 on loopback.',
  );
}

async function tryPort(port: number, addresses: readonly string[]): Promise<ReservedPort | undefined> {
  const servers = new Map<string, Server>();
  for (const address of addresses) {
    const server = await listen(port, address);
    if (!server) {
      for (const opened of servers.values()) opened.close();
      return undefined;
    }
    servers.set(`${address}:${port}`, server);
  }
  return { port, servers };
}

function listen(port: number, address: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, address, () => resolve(server));
  });
}
