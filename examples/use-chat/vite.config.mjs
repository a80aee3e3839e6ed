// npm install && npm start: the page at http://localhost:5173, its requests to a Talaria on this machine.
export default {
  oxc: { jsx: { runtime: 'automatic' } },
  server: { proxy: { '/v1': process.env.TALARIA_ORIGIN ?? 'http://127.0.0.1:8642' } },
};
