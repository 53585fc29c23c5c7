// The main process holds the gate and judges for the windows. Run in this folder: npm install && npm start
import { join } from "node:path";
import { app, BrowserWindow, dialog, ipcMain } from "electron";
import { loadGate } from "qrag";

// In a packaged app the addon and the model belong outside the asar archive (asarUnpack in package.json): otherwise
// Electron copies them to a temporary folder at every start. A model of your own lies beside the archive:
// loadGate(app.isPackaged ? join(process.resourcesPath, "gate.gguf") : "gate.gguf").

/** What each window waits for: a new question replaces the one before. */
const running = new Map();

function serve(gate) {
  ipcMain.handle("judge", async ({ sender }, query, passages) => {
    running.get(sender)?.abort();
    const stop = new AbortController();
    running.set(sender, stop);
    // The gate computes on threads of its own: this process goes on serving its windows.
    return gate.judgeAll(query, passages, { signal: stop.signal });
  });
}

function openWindow() {
  const preload = join(import.meta.dirname, "preload.cjs");
  const window = new BrowserWindow({ width: 720, height: 640, webPreferences: { preload } });
  const { webContents } = window;
  window.on("closed", () => {
    running.get(webContents)?.abort();
    running.delete(webContents);
  });
  window.loadFile(join(import.meta.dirname, "index.html"));
}

// Not awaited: Electron is ready only when this module has run to its end.
app.whenReady().then(async () => {
  try {
    serve(await loadGate()); // once, for all windows
    openWindow();
  } catch (error) {
    dialog.showErrorBox("The gate could not be loaded", error.message);
    app.quit();
  }
});

app.on("window-all-closed", () => app.quit());
