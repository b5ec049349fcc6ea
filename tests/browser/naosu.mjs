// The program under test and the world behind its probes, each a process of its own that ends with its test.
import { spawn, execFileSync } from "node:child_process";
import { Resolver } from "node:dns/promises";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const programs = process.env.NAOSU_PROGRAMS ?? new URL("../../target/debug", import.meta.url).pathname;
const running = new Set();
process.on("exit", () => { for (const child of running) child.kill("SIGKILL"); });

function start(program, args, options) {
  const child = spawn(join(programs, program), args, options);
  running.add(child);
  child.ended = new Promise((resolve) => child.on("exit", (status, signal) => { running.delete(child); resolve(signal ?? status); }));
  return child;
}

/** A world of the lab inside its process. `serve` points a server at it, `form` is what a person fills in there. */
export async function world(t, name) {
  const child = start("naosu-lab", ["stand", name], { stdio: ["pipe", "pipe", "inherit"] });
  t.after(() => { child.stdin.end(); return child.ended; });
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), child.ended.then((status) => { throw new Error(`no world ${name}: ${status}`); })]);
  const told = JSON.parse(line);
  const made = { serve: ["--reach", "open"], form: { password: told.password }, names: {} };
  const rest = told.arguments.filter((argument) => argument !== "--no-login");
  while (rest.length) {
    const argument = rest.shift();
    if (!argument.startsWith("--")) {
      if (argument.includes("@")) made.form.address = argument;
      continue;
    }
    const value = rest.shift();
    if (argument === "--imap") made.form.incoming = value;
    else if (argument === "--smtp") made.form.outgoing = value;
    else if (["--resolver", "--ntp", "--connectivity-url", "--status-url", "--ca-file"].includes(argument)) made.serve.push(argument, value);
    if (argument === "--resolver") made.resolver = value;
    if (argument === "--connectivity-url") made.outside = new URL(value);
  }
  // the browser stands in the same world: it finds there what tells whether it gets out
  if (made.outside && made.resolver) {
    const resolver = new Resolver();
    resolver.setServers([made.resolver]);
    [made.names[made.outside.hostname]] = await resolver.resolve4(made.outside.hostname);
  }
  return made;
}

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, (...all) => resolve(all)));
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

/** `naosu serve` with a fresh data folder; it can be killed and started again on the same address. */
export async function naosu(t, around) {
  const folder = mkdtempSync(join(tmpdir(), "naosu-browser-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const server = { url: `http://${listen}`, around, log: "", child: null };
  const begin = async () => {
    server.child = start("naosu", ["serve", "--lang", "en", "--listen", listen, "--data", folder, ...(around?.serve ?? [])], { stdio: ["ignore", "ignore", "pipe"] });
    const ready = new Promise((resolve) => server.child.stderr.on("data", (text) => {
      server.log += text;
      if (server.log.includes(`Naosu is ready: ${server.url}`)) resolve();
    }));
    await Promise.race([ready, server.child.ended.then((status) => { throw new Error(`the server ended with ${status}:\n${server.log}`); })]);
  };
  /** As after a power failure. */
  server.restart = async () => {
    server.child.kill("SIGKILL");
    await server.child.ended;
    server.log = "";
    await begin();
  };
  server.addHelper = (name, password) => execFileSync(join(programs, "naosu"), ["helper", "add", name, "--administrator", "--password-stdin", "--data", folder], { input: password + "\n" });
  t.after(async () => {
    server.child.kill("SIGTERM");
    const status = await server.child.ended;
    rmSync(folder, { recursive: true });
    if (status !== 0 || /ERROR|panicked/.test(server.log)) throw new Error(`the server ended with ${status}:\n${server.log}`);
  });
  await begin();
  return server;
}
