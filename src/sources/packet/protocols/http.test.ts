import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodyLength,
  type HttpRequestHead,
  type HttpResponseHead,
  looksLikeHttpRequest,
  parseHttpRequest,
  parseHttpResponse,
  skipBody,
} from './http.ts';

const request = (text: string) =>
  parseHttpRequest(Buffer.from(text, 'latin1'), 0, Buffer.byteLength(text, 'latin1'));
const response = (text: string) =>
  parseHttpResponse(Buffer.from(text, 'latin1'), 0, Buffer.byteLength(text, 'latin1'));
const asRequest = (text: string): HttpRequestHead => {
  const head = request(text);
  assert.ok(typeof head === 'object', String(head));
  return head;
};
const asResponse = (text: string): HttpResponseHead => {
  const head = response(text);
  assert.ok(typeof head === 'object', String(head));
  return head;
};

test('a request head gives method, target, host and agent; the password of Basic is never kept', () => {
  const head = asRequest(
    'POST /a?b=c HTTP/1.1\r\nHost: WWW.Example.org:8080\r\nUser-Agent: curl/8\r\nReferer: http://x/\r\n' +
      `Authorization: Basic ${Buffer.from('alice:s3cret').toString('base64')}\r\nContent-Type: Text/HTML; charset=x\r\n` +
      'X-Forwarded-For: 192.0.2.1\r\nContent-Length: 3\r\n\r\nabc',
  );
  assert.equal(head.method, 'POST');
  assert.equal(head.target, '/a?b=c');
  assert.equal(head.host, 'www.example.org');
  assert.equal(head.user_agent, 'curl/8');
  assert.equal(head.referrer, 'http://x/');
  assert.equal(head.username, 'alice');
  assert.equal(head.content_type, 'text/html');
  assert.equal(head.content_length, 3);
  assert.equal(head.proxied, 'X-FORWARDED-FOR -> 192.0.2.1');
  assert.ok(!JSON.stringify(head).includes('s3cret'));
});

test('a cut head asks for more, other protocols are refused', () => {
  assert.equal(request('GET / HTTP/1.1\r\nHost: exa'), 'more');
  assert.equal(request('GE'), 'more');
  assert.equal(request('SSH-2.0-OpenSSH_9.6\r\n'), 'no');
  assert.equal(request('EHLO mail.example\r\n'), 'no');
  assert.equal(request(`GET /${'a'.repeat(70000)}`), 'no');
  assert.equal(response('HTTP/1.1 200 OK\r\n'), 'more');
  assert.equal(response('220 ready\r\n'), 'no');
  const b = Buffer.from('GETX / HTTP/1.1');
  assert.equal(looksLikeHttpRequest(b, 0, b.length), false);
});

test('the host comes from the target for CONNECT and for proxies', () => {
  assert.equal(asRequest('CONNECT [2001:db8::1]:443 HTTP/1.1\r\n\r\n').host, '2001:db8::1');
  assert.equal(asRequest('GET http://user@Example.org:81/x HTTP/1.0\r\n\r\n').host, 'example.org');
});

test('requests without a version or with bare line feeds are read as servers read them', () => {
  assert.equal(asRequest('GET /old\r\n').version, '0.9');
  const glued = asRequest('HEAD /HTTP/1.1\nHost: example.org\n\n');
  assert.equal(glued.target, '/HTTP/1.1');
  assert.equal(glued.host, 'example.org');
});

test('bodies are skipped by length and by chunks, so that the next head is found', () => {
  const one = bodyLength(asResponse('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'), 'GET');
  const b = Buffer.from('helloHTTP/1.1');
  assert.equal(skipBody(one, b, 0, b.length), 5);
  assert.equal(one.done, true);

  const chunked = bodyLength(asResponse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), 'GET');
  const bytes = Buffer.from('4;x=y\r\nWiki\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT');
  let at = 0;
  // one byte at a time, as the worst network would bring them
  for (; at < bytes.length && !chunked.done; at++) assert.equal(skipBody(chunked, bytes, at, at + 1), at + 1);
  assert.equal(bytes.toString('latin1', at), 'NEXT');
  assert.equal(chunked.seen_bytes, 14);
});

test('answers without a body are known by request and status', () => {
  assert.equal(bodyLength(asResponse('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n'), 'HEAD').kind, 'none');
  assert.equal(bodyLength(asResponse('HTTP/1.1 304 Not Modified\r\n\r\n'), 'GET').kind, 'none');
  assert.equal(bodyLength(asResponse('HTTP/1.1 200 OK\r\n\r\n'), 'CONNECT').kind, 'tunnel');
  assert.equal(bodyLength(asResponse('HTTP/1.1 101 Switching\r\n\r\n'), 'GET').kind, 'tunnel');
  assert.equal(bodyLength(asResponse('HTTP/1.0 200 OK\r\n\r\n'), 'GET').kind, 'close');
  assert.equal(bodyLength(asRequest('GET / HTTP/1.1\r\n\r\n')).kind, 'none');
});

test('a chunk size that is not a number makes the rest body, up to the end of the connection', () => {
  const body = bodyLength(asResponse('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), 'GET');
  const b = Buffer.from('zzz\r\nabc');
  assert.equal(skipBody(body, b, 0, b.length), b.length);
  assert.equal(body.kind, 'close');
});
