#!/bin/sh
# Chat Completions with curl, streaming and not: sh examples/chat.sh
URL=${TALARIA_URL:-http://127.0.0.1:8642/v1}
KEY=${API_SERVER_KEY:-none}

curl -sS "$URL/chat/completions" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
  -d '{"model": "talaria", "messages": [{"role": "user", "content": "Hello!"}]}'
echo
curl -sSN "$URL/chat/completions" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \
  -d '{"model": "talaria", "stream": true, "messages": [{"role": "user", "content": "What time is it?"}]}'
