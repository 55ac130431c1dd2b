import type { Inventory } from '../schema/event/inventory.ts';
import type { ZeekLog, ZeekRecord } from './zeek.ts';

/** What every inventory record needs: the host it is about; Corelight's sensors write host_ip. */
function hostOf(r: ZeekRecord): string {
  const host = r.ip('host') || r.ip('host_ip');
  if (host === '') r.lacks('host');
  return host;
}

/** https://docs.zeek.org/en/master/scripts/base/frameworks/software/main.zeek.html */
export const software: ZeekLog = {
  path: 'software',
  map(r): Inventory {
    const parts = ['version.major', 'version.minor', 'version.minor2', 'version.minor3', 'version.addl'];
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip: hostOf(r),
      peer_ip: '',
      port: r.port('host_p'),
      transport: '',
      type: 'software',
      name: r.text('name'),
      version: parts
        .map((name) => r.label(name))
        .filter((one) => one !== '')
        .join('.'),
      detail: [r.text('software_type'), r.text('unparsed_version')].filter((one) => one !== '').join(' '),
    };
  },
};

/** https://docs.zeek.org/en/master/scripts/policy/protocols/conn/known-hosts.zeek.html */
export const known_hosts: ZeekLog = {
  path: 'known_hosts',
  map: (r) => about(r, 'host', '', ''),
};

/**
 * The link-layer address of a host, as Corelight's sensors write it. Zeek's own known_devices names no host.
 * https://github.com/corelight/Chronicle (log-schemas, known_devices)
 */
export const known_devices: ZeekLog = {
  path: 'known_devices',
  map(r): Inventory | string {
    if (!r.has('host_ip')) return 'known_devices without an address';
    return about(r, 'device', r.text('mac').toLowerCase(), r.text('vendor_mac'));
  },
};

/** A name that a host gave itself. https://github.com/corelight/Chronicle (log-schemas, known_names) */
export const known_names: ZeekLog = {
  path: 'known_names',
  map: (r) => about(r, 'name', r.text('hostname'), r.texts('protocols').join(' ')),
};

function about(r: ZeekRecord, type: string, name: string, detail: string): Inventory {
  return {
    kind: 'inventory',
    time: r.time(),
    host_ip: hostOf(r),
    peer_ip: '',
    port: 0,
    transport: '',
    type,
    name,
    version: '',
    detail,
  };
}

/** https://docs.zeek.org/en/master/scripts/policy/protocols/conn/known-services.zeek.html */
export const known_services: ZeekLog = {
  path: 'known_services',
  map(r): Inventory {
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip: hostOf(r),
      peer_ip: '',
      port: r.port('port_num'),
      transport: r.text('port_proto'),
      type: 'service',
      name: r.texts('service').join(','),
      version: '',
      detail: '',
    };
  },
};

/** https://docs.zeek.org/en/master/scripts/policy/protocols/ssl/known-certs.zeek.html */
export const known_certs: ZeekLog = {
  path: 'known_certs',
  map(r): Inventory {
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip: hostOf(r),
      peer_ip: '',
      port: r.port('port_num'),
      transport: 'tcp',
      type: 'certificate',
      name: r.text('subject'),
      version: r.text('serial'),
      detail: r.text('issuer_subject'),
    };
  },
};

/** https://docs.zeek.org/en/master/scripts/policy/protocols/modbus/known-masters-slaves.zeek.html */
export const known_modbus: ZeekLog = {
  path: 'known_modbus',
  map(r): Inventory {
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip: hostOf(r),
      peer_ip: '',
      port: 0,
      transport: '',
      type: 'modbus_role',
      name: r.text('device_type'),
      version: '',
      detail: '',
    };
  },
};

/** https://docs.zeek.org/en/master/scripts/base/frameworks/tunnels/main.zeek.html */
export const tunnel: ZeekLog = {
  path: 'tunnel',
  map(r): Inventory {
    const host_ip = r.ip('id.orig_h');
    if (host_ip === '') r.lacks('id.orig_h');
    return {
      kind: 'inventory',
      time: r.time(),
      host_ip,
      peer_ip: r.ip('id.resp_h'),
      port: r.port('id.resp_p'),
      transport: '',
      type: 'tunnel',
      name: r.text('tunnel_type'),
      version: '',
      detail: r.text('action'),
    };
  },
};
