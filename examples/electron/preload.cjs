// Gives the page one function, and nothing else of Electron or Node. A sandboxed preload script has to be CommonJS.
const { contextBridge, ipcRenderer } = require("electron");

contextBridge.exposeInMainWorld("qrag", {
  judge: (query, passages) => ipcRenderer.invoke("judge", query, passages),
});
