import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endFtp, type FtpExchange, feedFtp, ftpDataEndpoint, newFtp } from './ftp.ts';
import { endSmtp, feedSmtp, newSmtp, type SmtpMail, type SmtpSignIn } from './smtp.ts';

function ftp(lines: readonly string[]) {
  const session = newFtp();
  const seen: FtpExchange[] = [];
  for (const line of lines) {
    const b = Buffer.from(`${line.slice(2)}\r\n`);
    feedFtp(session, line.startsWith('>'), b, 0, b.length, (e) => seen.push(e));
  }
  endFtp(session, (e) => seen.push(e));
  return { session, seen };
}

function smtp(lines: readonly string[]) {
  const session = newSmtp();
  const mails: SmtpMail[] = [];
  const sign_ins: SmtpSignIn[] = [];
  const takes = { mail: (m: SmtpMail) => mails.push(m), sign_in: (s: SmtpSignIn) => sign_ins.push(s) };
  for (const line of lines) {
    const b = Buffer.from(`${line.slice(2).replaceAll('|', '\r\n')}\r\n`);
    feedSmtp(session, line.startsWith('>'), b, 0, b.length, takes);
  }
  endSmtp(session, takes);
  return { session, mails, sign_ins };
}

test('FTP commands come with their final replies, and a password is never kept', () => {
  const { seen } = ftp([
    '< 220 ready',
    '> USER alice',
    '< 331 Password please',
    '> PASS s3cret',
    '< 230-Welcome',
    '<  line two',
    '< 230 done',
    '> RETR a.zip',
    '< 150 Opening',
    '< 226 Transfer complete',
    '> QUIT',
  ]);
  assert.deepEqual(
    seen.map((e) => `${e.username} ${e.command} ${e.argument} ${e.reply_code} ${e.signed_in}`),
    [
      'alice USER alice 331 null',
      'alice PASS <hidden> 230 1',
      'alice RETR a.zip 226 null',
      'alice QUIT  0 null',
    ],
  );
  assert.ok(!JSON.stringify(seen).includes('s3cret'));
});

test('a refused FTP sign-in is told, and reading stops when encryption begins', () => {
  assert.equal(ftp(['< 220 x', '> USER a', '< 331 x', '> PASS b', '< 530 no']).seen[1]?.signed_in, 0);
  const tls = ftp(['< 220 x', '> AUTH TLS', '< 234 go', '> \x16\x03\x01']);
  assert.equal(tls.session.tls, true);
  assert.equal(tls.seen.length, 1);
});

test('FTP data endpoints are read in all four forms', () => {
  assert.deepEqual(ftpDataEndpoint('Entering Passive Mode (192,0,2,1,200,10)'), {
    ip: '192.0.2.1',
    port: 51210,
  });
  assert.deepEqual(ftpDataEndpoint('Entering Extended Passive Mode (|||6446|)'), { ip: '', port: 6446 });
  assert.deepEqual(ftpDataEndpoint('|2|2001:db8::1|5282|'), { ip: '2001:db8::1', port: 5282 });
  assert.equal(ftpDataEndpoint('nothing here'), null);
});

test('a mail envelope and its header lines are read, folded ones too', () => {
  const { mails } = smtp([
    '< 220 mx ESMTP',
    '> EHLO pc.example',
    '< 250-mx',
    '< 250 OK',
    '> MAIL FROM:<a@example.org> SIZE=10',
    '< 250 OK',
    '> RCPT TO:<b@example.org>',
    '< 250 OK',
    '> DATA',
    '< 354 go',
    '> From: A <a@example.org>|To: B <b@example.org>,|  C <c@example.org>|Subject: one|  two|X-Mailer: M 1||body|.',
    '< 250 2.0.0 queued',
  ]);
  assert.deepEqual(mails, [
    {
      helo: 'pc.example',
      mail_from: 'a@example.org',
      rcpt_to: ['b@example.org'],
      from: 'A <a@example.org>',
      to: ['B <b@example.org>', 'C <c@example.org>'],
      subject: 'one two',
      user_agent: 'M 1',
      last_reply: '250 2.0.0 queued',
      tls: false,
    },
  ]);
});

test('commands that are sent at once find their replies in order', () => {
  const { mails } = smtp([
    '< 220 mx ESMTP',
    '> EHLO pc',
    '< 250 OK',
    '> MAIL FROM:<a@x>|RCPT TO:<b@x>|DATA',
    '< 250 OK|250 OK|354 go',
    '> Subject: hi||.|QUIT',
    '< 250 queued|221 bye',
  ]);
  assert.equal(mails.length, 1);
  assert.equal(mails[0]?.subject, 'hi');
  assert.equal(mails[0]?.last_reply, '250 queued');
});

test('a mail in BDAT chunks is read like one in DATA', () => {
  const { mails } = smtp([
    '< 220 mx ESMTP',
    '> EHLO pc',
    '< 250 OK',
    '> MAIL FROM:<a@x>|RCPT TO:<b@x>|BDAT 8|Subject:BDAT 8 LAST| hi||b',
    '< 250 OK|250 OK|250 OK|250 queued',
  ]);
  assert.equal(mails[0]?.subject, 'hi');
  assert.equal(mails[0]?.last_reply, '250 queued');
});

test('the user of a mail sign-in is kept, the password is not', () => {
  const plain = Buffer.from('\0alice\0s3cret').toString('base64');
  const one = smtp(['< 220 mx ESMTP', '> EHLO a', '< 250 OK', `> AUTH PLAIN ${plain}`, '< 235 welcome']);
  assert.deepEqual(one.sign_ins, [{ username: 'alice', mechanism: 'PLAIN', success: 1 }]);
  const user = Buffer.from('bob').toString('base64');
  const two = smtp([
    '< 220 mx ESMTP',
    '> EHLO a',
    '< 250 OK',
    '> AUTH LOGIN',
    '< 334 VXNlcm5hbWU6',
    `> ${user}`,
    '< 334 UGFzc3dvcmQ6',
    `> ${Buffer.from('s3cret').toString('base64')}`,
    '< 535 no',
  ]);
  assert.deepEqual(two.sign_ins, [{ username: 'bob', mechanism: 'LOGIN', success: 0 }]);
  assert.ok(!JSON.stringify([one, two]).includes(Buffer.from('s3cret').toString('base64')));
});

test('STARTTLS ends the reading of mail', () => {
  const { session } = smtp(['< 220 mx ESMTP', '> EHLO a', '< 250 OK', '> STARTTLS', '< 220 go']);
  assert.equal(session.tls, true);
});
