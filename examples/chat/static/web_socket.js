// Talks and listens on one connection, and opens another one when it is lost.

let socket;

function connect() {
  const url = new URL("/messages?after=" + lastNumber(), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onmessage = (event) => show(JSON.parse(event.data));
  socket.onclose = () => setTimeout(connect, RETRY_MS);
}

sayFast = (fields) => {
  if (socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({ name: fields.get("name"), text: fields.get("text") }));
  return true;
};

connect();
