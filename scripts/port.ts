/** The port to listen on, and whether it is free. */
import { connect, createServer } from "node:net";
import { Advice } from "./advice.ts";

/**
 * The port that `PORT` names, 8787 without it.
 *
 * @throws {Advice} when it is not a port
 */
export function chosenPort(text = process.env.PORT): number {
  if (text === undefined || text === "") return 8787;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Advice(`PORT must be a whole number from 1 to 65535, not "${text}".`);
}

/** Whether a program listens on the port. On some systems a second bind succeeds. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const finish = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.on("connect", () => finish(true));
    socket.on("timeout", () => finish(false));
    socket.on("error", () => finish(false));
  });
}

/** The error code of a bind, such as `EADDRINUSE`; null when the port is free. */
function bindingError(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(null)));
  });
}

/** @throws {Advice} when the port is not free */
export async function requireFreePort(port: number): Promise<void> {
  const taken = (await answers("127.0.0.1", port)) || (await answers("::1", port));
  const error = taken ? "EADDRINUSE" : await bindingError(port);
  if (error === null) return;
  const why = error === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${error})`;
  throw new Advice(`Port ${port} ${why}. Stop that program, or choose another port: PORT=8788 npm start`);
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
