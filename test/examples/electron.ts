// A stand-in for Electron's main process, as far as the example uses it: an application, its windows, calls from their pages.
import { EventEmitter } from "node:events";

class Application extends EventEmitter {
  readonly isPackaged = false;
  hasQuit = false;

  async whenReady(): Promise<void> {}

  quit(): void {
    this.hasQuit = true;
  }
}

export const app = new Application();

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  /** What it has loaded. */
  file = "";
  readonly preload: string;
  readonly #webContents = {};
  #closed = false;

  constructor({ webPreferences }: { webPreferences: { preload: string } }) {
    super();
    this.preload = webPreferences.preload;
    BrowserWindow.all.push(this);
  }

  /** Gone with the window, as in Electron. */
  get webContents(): object {
    if (this.#closed) throw new TypeError("Object has been destroyed");
    return this.#webContents;
  }

  async loadFile(file: string): Promise<void> {
    this.file = file;
  }

  close(): void {
    this.#closed = true;
    this.emit("closed");
    if (BrowserWindow.all.every((window) => window.#closed)) app.emit("window-all-closed");
  }
}

type Handler = (event: { sender: object }, ...args: unknown[]) => unknown;
const handlers = new Map<string, Handler>();

export const ipcMain = {
  handle(channel: string, handler: Handler): void {
    handlers.set(channel, handler);
  },
};

export const dialog = {
  showErrorBox(title: string, content: string): void {
    throw new Error(`${title}: ${content}`);
  },
};

/** A page's ipcRenderer.invoke: both ways by value, and errors as their text. */
export async function invoke(sender: object, channel: string, ...args: unknown[]) {
  try {
    const handler = handlers.get(channel);
    if (!handler) throw new Error(`No handler registered for '${channel}'`);
    return structuredClone(await handler({ sender }, ...structuredClone(args)));
  } catch (error) {
    throw new Error(`Error invoking remote method '${channel}': ${error}`);
  }
}
