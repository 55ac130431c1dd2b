/**
 * Labelled attacks in the shared data: what happened, which host did it (or had it done), and what says so today.
 * Nothing here may be used to choose a threshold: other captures are run too.
 */
export interface Attack {
  readonly pack: string;
  /** Below the pack; a zip is unpacked first. */
  readonly path: string;
  /** From the label, README or folder. */
  readonly attack: string;
  /** Any of these in a finding's entity counts as naming the right host; empty: nothing is known to be wrong. */
  readonly hosts: readonly string[];
  /** Detectors of which one must say so; empty: missed today. */
  readonly by: readonly string[];
  /** Why it is missed. */
  readonly missed?: string;
  /** Findings that name none of the hosts, a day, at most. */
  readonly others: number;
}

const scenarios = 'zeek-scenarios';
const slips = (path: string): { pack: string; path: string } => ({ pack: 'slips', path: `dataset/${path}` });
const otrf = (path: string): { pack: string; path: string } => ({
  pack: 'windows-otrf',
  path: `datasets/${path}`,
});
const no_calls =
  'one connection or two between Windows hosts, in a capture of two minutes: the capture reader does not read remote calls';

export const attacks: readonly Attack[] = [
  {
    pack: scenarios,
    path: '001-zeek-scenario-malicious',
    attack: 'NjRAT calls its dead server',
    hosts: ['192.168.1.115'],
    by: ['beacon_address', 'dead_control_server'],
    others: 2,
  },
  {
    pack: scenarios,
    path: '002-zeek-scenario-port-scanning',
    attack: 'nmap through three networks',
    hosts: ['172.16.1.11'],
    by: ['horizontal_scan', 'vertical_scan'],
    others: 2,
  },
  {
    pack: scenarios,
    path: '003-zeek-scenario-malicious',
    attack: 'Android RAT sends data to port 1337',
    hosts: ['10.8.0.61'],
    by: ['upload_volume'],
    others: 2,
  },
  {
    pack: scenarios,
    path: '004-zeek-scenario-ssh',
    attack: 'none: sign-ins of many clients',
    hosts: [],
    by: [],
    others: 2,
  },
  {
    pack: scenarios,
    path: '005-zeek-scenario-malicious',
    attack: 'Simda tries generated domains',
    hosts: ['fd77:48a1:c0bb:0:b96c:506d:6c7f:e8be', '192.168.1.116'],
    by: ['generated_domains'],
    others: 2,
  },
  { pack: scenarios, path: '006-zeek-scenario-ssh', attack: 'none: sign-ins', hosts: [], by: [], others: 2 },
  {
    pack: scenarios,
    path: '007-zeek-scenario-ssh-infected',
    attack: 'honeypot guessed, infected, guesses elsewhere',
    hosts: ['192.168.1.194'],
    by: ['brute_force', 'beacon_name'],
    others: 3,
  },
  {
    pack: scenarios,
    path: '008-zeek-mixed',
    attack: 'none: a Windows PC with a public address',
    hosts: [],
    by: [],
    others: 8,
  },
  {
    pack: scenarios,
    path: '009-zeek-malicious',
    attack: 'Kovter calls bare addresses',
    hosts: ['192.168.1.113'],
    by: ['beacon_name'],
    others: 2,
  },
  {
    pack: scenarios,
    path: '010-zeek-mixed',
    attack: 'none: a Windows PC with a public address',
    hosts: [],
    by: [],
    others: 8,
  },
  {
    pack: 'zeek-botnet4',
    path: 'dataset',
    attack: 'a bot calls its peers for three weeks',
    hosts: ['10.0.2.19'],
    by: ['beacon_address'],
    others: 1,
  },
  {
    pack: 'rita',
    path: 'test_data/proxy',
    attack: 'command and control through a proxy',
    hosts: ['10.136.0.18'],
    by: ['beacon_name'],
    others: 1,
  },
  {
    ...slips('port-scans/horizontal'),
    attack: 'port 80 of ten hosts in half a minute',
    hosts: ['10.0.2.112'],
    by: ['horizontal_scan'],
    others: 2,
  },
  {
    ...slips('port-scans/vertical'),
    attack: '44 ports of one host',
    hosts: ['192.168.1.9'],
    by: ['vertical_scan'],
    others: 2,
  },
  {
    ...slips('test-cc/test-cc-capture-1.pcap'),
    attack: 'a beacon every two seconds',
    hosts: ['147.32.80.37'],
    by: ['beacon_name'],
    others: 2,
  },
  {
    ...slips('test-cc/test-cc-capture-2.pcap'),
    attack: 'a beacon every three seconds, for one minute',
    hosts: ['147.32.80.37'],
    by: ['beacon_name'],
    others: 2,
  },
  {
    ...slips('test10-mixed-zeek-dir'),
    attack: 'telnet on twelve hosts',
    hosts: ['147.32.83.156'],
    by: ['ids_alert'],
    others: 2,
  },
  {
    ...slips('test12-icmp-portscan.pcap'),
    attack: 'pings through a network',
    hosts: ['192.168.1.109'],
    by: ['ping_sweep'],
    others: 2,
  },
  {
    ...slips('test13-malicious-dhcpscan-zeek-dir'),
    attack: 'addresses asked for by DHCP',
    hosts: ['10.0.2.15'],
    by: [],
    missed: 'leases are read for names, no detector looks at them',
    others: 2,
  },
  {
    ...slips('test14-malicious-zeek-dir'),
    attack: 'a shell script from a bare address',
    hosts: ['10.0.2.15'],
    by: ['program_download'],
    others: 2,
  },
  {
    ...slips('test18-malicious-ctu-sme-11-win/zeek-labeled'),
    attack: 'an implant whose server is gone',
    hosts: ['192.168.1.107'],
    by: ['dead_control_server'],
    others: 2,
  },
  {
    ...slips('test19-malicious-ssh/malicious-ssh-bruteforce.pcap'),
    attack: 'SSH passwords guessed',
    hosts: ['147.32.80.40'],
    by: ['brute_force'],
    others: 2,
  },
  {
    ...slips('test6-malicious.suricata.json'),
    attack: 'a camera attacked from outside calls a control server',
    hosts: ['192.168.1.129'],
    by: ['beacon_address', 'ids_alert'],
    others: 2,
  },
  {
    ...slips('test7-malicious.pcap'),
    attack: 'a worm tries telnet everywhere',
    hosts: ['192.168.2.16'],
    by: ['horizontal_scan'],
    others: 2,
  },
  {
    ...slips('test9-mixed-zeek-dir'),
    attack: 'pings of three kinds',
    hosts: ['192.168.1.15'],
    by: ['ids_alert'],
    others: 2,
  },
  {
    ...otrf('compound/apt29/day1/zeek/SCRANTON-zeek_logs.zip'),
    attack: 'APT29 day 1, first host: WebDAV upload, PsExec, WinRM',
    hosts: ['10.0.1.4'],
    by: ['new_admin_edge', 'brute_force'],
    others: 2,
  },
  {
    ...otrf('compound/apt29/day1/zeek/NASHUA-zeek_logs.zip'),
    attack: 'APT29 day 1, second host: HTTPS control server, remote shell',
    hosts: ['10.0.1.4', '10.0.1.6'],
    by: ['unusual_host_behaviour', 'beacon_address', 'beacon_name', 'internal_collection'],
    others: 2,
  },
  {
    ...otrf('compound/LSASS_campaign_01/metasploit_logonpasswords_lsass_memory_dump_zeek_logs.zip'),
    attack: 'Metasploit session on port 8080',
    hosts: ['192.168.1.41'],
    by: [],
    missed: 'six connections in five minutes to one server; nothing in their shape is odd',
    others: 2,
  },
  {
    ...otrf('compound/Log4Shell/pcap_log4shell_cve2021_44228_java_serialized.zip'),
    attack: 'Log4Shell fetches a class over port 443',
    hosts: ['192.168.2.5', '192.168.3.5'],
    by: ['port_protocol_mismatch'],
    others: 2,
  },
  {
    ...otrf('compound/Log4Shell/pcap_log4shell_cve2021_44228_jndi_reference.zip'),
    attack: 'Log4Shell by LDAP reference',
    hosts: ['192.168.2.5', '192.168.3.5'],
    by: [],
    missed: 'six packets of an exploit: work for a signature engine',
    others: 2,
  },
  {
    ...otrf('atomic/windows/lateral_movement/network/purplesharp_ad_playbook_I.zip'),
    attack: 'administration ports of three hosts',
    hosts: ['172.18.39.5'],
    by: ['new_admin_edge'],
    others: 2,
  },
  {
    ...otrf('atomic/windows/lateral_movement/network/covenant_copy_smb_CreateRequest.zip'),
    attack: 'a file copied to C$ of another host',
    hosts: ['172.18.39.5'],
    by: ['admin_share', 'beacon_name'],
    others: 2,
  },
  ...(
    [
      ['lateral_movement', 'covenant_sharpsc_create_dcerpc_smb_svcctl', 'a service created on another host'],
      ['lateral_movement', 'covenant_sharpwmi_create_dcerpc_wmi', 'a process created by WMI'],
      ['lateral_movement', 'covenant_psremoting_command', 'PowerShell remoting'],
      ['lateral_movement', 'covenant_dcom_registerxll', 'DCOM RegisterXLL'],
      ['lateral_movement', 'empire_psexec_dcerpc_tcp_svcctl', 'PsExec'],
      ['lateral_movement', 'empire_smbexec_dcerpc_smb_svcctl', 'SmbExec'],
      ['lateral_movement', 'empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod', 'WMI ExecMethod'],
      ['lateral_movement', 'empire_psremoting_stager', 'PowerShell remoting'],
      [
        'lateral_movement',
        'empire_shell_dcerpc_smb_service_dll_hijack',
        'a DLL copied and a service restarted',
      ],
      ['lateral_movement', 'empire_dcom_shellwindows', 'DCOM ShellWindows'],
      ['discovery', 'empire_shell_samr_EnumDomainUsers', 'domain users listed'],
      ['discovery', 'empire_find_localadmin_smb_svcctl_OpenSCManager', 'local administrators sought'],
    ] as const
  ).map(
    ([folder, name, attack]): Attack => ({
      ...otrf(`atomic/windows/${folder}/network/${name}.zip`),
      attack,
      hosts: ['172.18.39.5', '172.18.39.6'],
      // What is found is the implant that gives the orders; the movement itself is not.
      by: name === 'covenant_psremoting_command' ? [] : ['beacon_name'],
      missed: no_calls,
      others: 2,
    }),
  ),
  {
    pack: 'zeek-wrccdc',
    path: 'zeek-default',
    attack: 'many: a defence competition, 21 minutes (no labels)',
    hosts: [],
    by: [],
    others: 20,
  },
];
