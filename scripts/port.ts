/** Which port to listen on, and whether it can be had. */
import { connect, createServer } from "node:net";
import { Advice } from "./advice.ts";

/**
 * The port that `PORT` names, 8787 without it.
 *
 * @throws {Advice} when it is no port
 */
export function chosenPort(text = process.env.PORT): number {
  if (text === undefined || text === "") return 8787;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Advice(`PORT must be a whole number from 1 to 65535, not "${text}".`);
}

/** Whether somebody answers there. Binding alone does not tell on every system. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.on("connect", () => settle(true));
    socket.on("timeout", () => settle(false));
    socket.on("error", () => settle(false));
  });
}

/** The error code of binding the port, such as `EADDRINUSE`; null when it can be had. */
function bindingError(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(null)));
  });
}

/** @throws {Advice} when the port cannot be had */
export async function demandPort(port: number): Promise<void> {
  const taken = (await answers("127.0.0.1", port)) || (await answers("::1", port));
  const error = taken ? "EADDRINUSE" : await bindingError(port);
  if (error === null) return;
  const why = error === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${error})`;
  throw new Advice(`Port ${port} ${why}. Stop that program, or choose another port: PORT=8788 npm start`);
}
