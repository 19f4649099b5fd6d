// Fills a heap like that of a service (users, orders, log lines, a cache,
// sessions), tells what it made, and crashes. Ids, tokens and keys are random,
// as they would be; names, cities and paths repeat, as they would.
//
// node node_heap.js MEBIBYTES
'use strict';
const crypto = require('crypto');
const MOST = Number(process.argv[2] || 1024) * 1024 * 1024;
const first = ['Anna','Ben','Chen','Dora','Emil','Fatima','Goran','Hana','Ivan','Jun'];
const cities = ['Lisbon','Oslo','Pune','Quito','Riga','Seoul','Turin','Utrecht'];
const paths = ['/v1/orders','/v1/users','/v2/search','/health','/v1/cart/items'];
let seed = 12345;
const random = n => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
const users = new Map(), lines = [], cache = {}, sessions = [];
let n = 0;
while (n % 1000 || process.memoryUsage().heapUsed < MOST) {
  n++;
  const id = crypto.randomUUID();
  const user = {
    id, name: first[random(10)] + ' ' + first[random(10)] + 'sen', age: 18 + random(60),
    mail: `u${n}.${random(1e6)}@example.org`, city: cities[random(8)],
    balance: random(1e7) / 100, created: 1.6e12 + n * 1000 + random(1000), tags: [],
    orders: [],
  };
  for (let o = random(5); o-- > 0;) user.orders.push({
    number: n * 10 + o, sku: crypto.randomBytes(6).toString('hex'), count: 1 + random(9),
    price: random(1e5) / 100, shipped: random(2) === 0, note: null,
  });
  for (let t = random(4); t-- > 0;) user.tags.push('tag-' + random(200));
  users.set(id, user);
  const status = [200, 200, 200, 404, 500][random(5)];
  lines.push(
    `2026-11-23T10:${random(60)}:${random(60)}.${random(1000)}Z INFO ` +
    `request=${crypto.randomUUID()} method=GET path=${paths[random(5)]} ` +
    `status=${status} bytes=${random(100000)} took=${random(900)}ms user=${id}`);
  if (n % 10 === 0) cache[id] = JSON.stringify(user);
  if (n % 50 === 0) sessions.push({
    user, token: crypto.randomBytes(32).toString('base64'), seen: new Date(),
    data: crypto.randomBytes(256),
  });
}
console.log(JSON.stringify({
  users: users.size, lines: lines.length, sessions: sessions.length,
  cached: Object.keys(cache).length, heap: process.memoryUsage().heapUsed,
}));
process.abort();
