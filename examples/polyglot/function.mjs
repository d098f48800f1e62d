/** A function as any provider runs it: the input is the body of the request, the output that of the answer. */
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import process from 'node:process';

const GOOD = ['best', 'wisdom', 'light', 'hope'];
const BAD = ['worst', 'foolishness', 'darkness', 'despair'];

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { text } = JSON.parse(Buffer.concat(chunks).toString());
  const words = text.split(' ');
  const score = (list) => words.filter((word) => list.includes(word)).length;
  const balance = score(GOOD) - score(BAD);
  const mood = balance > 0 ? 'hopeful' : balance < 0 ? 'gloomy' : 'undecided';
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ mood }));
});

server.listen(Number(process.env.PORT ?? 8095), '127.0.0.1', () =>
  console.log(`the function listens at http://127.0.0.1:${server.address().port}/`),
);
