/* A page that is opened from disk may start no Worker, and the site's search wants one: run it in a hidden frame instead. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      document.body.appendChild(this.frame)
      const inside = this.frame.contentWindow
      inside.document.open()
      inside.document.write("<html><body></body></html>")
      inside.document.close()
      inside.postMessage = (data) => window.postMessage(data, "*")
      inside.importScripts = (...urls) =>
        urls.reduce((before, one) => before.then(() => added(inside, one)), Promise.resolve())
      this.listen = (event) => {
        if (!event.data || event.source !== window) return
        const said = new MessageEvent("message", { data: event.data })
        this.dispatchEvent(said)
        if (this.onmessage) this.onmessage(said)
      }
      window.addEventListener("message", this.listen)
      this.ready = added(inside, url)
    }
    postMessage(data) {
      const inside = this.frame.contentWindow
      this.ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data: structuredClone(data) })))
    }
    terminate() {
      window.removeEventListener("message", this.listen)
      this.frame.remove()
    }
  }
  function added(inside, url) {
    return new Promise((done, failed) => {
      const script = inside.document.createElement("script")
      script.src = url
      script.onload = done
      script.onerror = failed
      inside.document.body.appendChild(script)
    })
  }
}
