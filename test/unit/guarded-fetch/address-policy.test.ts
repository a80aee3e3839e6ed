import {
  isAllowedAddress,
  isPublicAddress,
  parseAllowedHosts,
} from '../../../libs/guarded-fetch/src/address-policy.js';

describe('which addresses are public', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::7f00:1',
    '100::1',
    '2001::1',
    '2001:0:7f00:1::',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '127.1',
    '',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each(['1.1.1.1', '8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700:4700::1111', '2a00:1450:4001:82b::200e'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('what an operator allows', () => {
  test('addresses, blocks of both families, and names', () => {
    const allowed = parseAllowedHosts(['10.1.2.3', '172.16.0.0/12', 'fd00::/8', 'Wiki.Local.', 'build-1']);
    expect([...allowed.names]).toEqual(['wiki.local', 'build-1']);
    for (const address of ['10.1.2.3', '172.20.1.1', 'fd00::1']) expect(isAllowedAddress(address, allowed)).toBe(true);
    for (const address of ['10.1.2.4', '172.32.0.1', 'fe80::1', '::ffff:10.1.2.3', 'x']) {
      expect(isAllowedAddress(address, allowed)).toBe(false);
    }
  });

  test.each(['10.0.0.0/33', '300.0.0.1', '10.0.0', 'a b', 'http://x', '*.local', '', '[::1]', 'x/8'])(
    'the entry %j is refused by name',
    (entry) => {
      expect(() => parseAllowedHosts([entry])).toThrow(`'${entry}'`);
    },
  );
});
