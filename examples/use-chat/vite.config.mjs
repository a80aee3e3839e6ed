// npm install && npm start: the page at http://localhost:5173, its requests to a Talaria on this machine.
export default {
  oxc: { jsx: { runtime: 'automatic' } },
  // Without changeOrigin the gateway sees that the page and its requests have the same origin.
  server: { proxy: { '/v1': { target: process.env.TALARIA_ORIGIN ?? 'http://127.0.0.1:8642', changeOrigin: false } } },
};
