import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { unlessAborted } from './abort.ts';
import type { ProbePlan } from './plan.ts';

/** An open way to the address. `from` is its local end, where it is a TCP connection of this machine. */
export interface Dialled {
  readonly stream: Duplex;
  readonly from?: string;
}

/**
 * Opens the plan's connection. Always straight to the address: no proxy of the environment is used. Rejects with the
 * system's error, or with the signal's reason; a stream that comes too late is destroyed.
 */
export async function dial(plan: ProbePlan, signal: AbortSignal): Promise<Dialled> {
  if (plan.connect) return { stream: await inTime(plan.connect(signal), signal) };
  const socket = await tcp(plan.address, plan.port, signal);
  const { localAddress, localPort } = socket;
  if (localAddress === undefined || localPort === undefined) return { stream: socket };
  return {
    stream: socket,
    from: localAddress.includes(':') ? `[${localAddress}]:${localPort}` : `${localAddress}:${localPort}`,
  };
}

function tcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true, autoSelectFamily: false });
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError);
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: Error): void => {
      settle();
      reject(error);
    };
    const onAbort = (): void => {
      settle();
      socket.on('error', () => {}).destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort);
    socket.on('connect', onConnect).on('error', onError);
  });
}

/** A stream that comes although nobody waits for it any more is closed. */
async function inTime(coming: Promise<Duplex>, signal: AbortSignal): Promise<Duplex> {
  try {
    return await unlessAborted(coming, signal);
  } catch (error) {
    void coming.then(
      (stream) => stream.on('error', () => {}).destroy(),
      () => {},
    );
    throw error;
  }
}
