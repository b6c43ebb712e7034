// Talks and listens on one connection, and opens another one when it is lost.

let socket;

function connect() {
  const url = new URL("/messages?after=" + lastNumber(), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onmessage = (event) => show(JSON.parse(event.data));
  socket.onclose = () => setTimeout(connect, RETRY_MS);
}

form.addEventListener("submit", (event) => {
  if (socket.readyState !== WebSocket.OPEN) return; // the form goes the usual way
  event.preventDefault();
  const { name, text } = Object.fromEntries(new FormData(form));
  socket.send(JSON.stringify({ name, text }));
  clearText();
});

connect();
