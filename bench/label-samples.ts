import type { Random } from '../src/base/random.ts';

/**
 * Names for learning and testing generatedNameScore: made-up families of drawn names, and names people chose. Written
 * for this purpose; the families follow published descriptions (Plohmann et al. 2016, "A Comprehensive Measurement Study
 * of Domain Generating Malware"), no sample is from malware.
 */
export interface Family {
  readonly about: string;
  /** Looks like what people choose: generatedNameScore is not expected to see it. */
  readonly expected_miss?: boolean;
  readonly draw: (dice: Random) => string;
}

const from = (dice: Random, alphabet: string, least: number, most: number): string => {
  const length = least + dice.below(most - least + 1);
  let out = '';
  for (let i = 0; i < length; i++) out += alphabet[dice.below(alphabet.length)]!;
  return out;
};

const shortWords = (
  'apple river stone cloud green happy table light money house world paper music water night dream ' +
  'seven tiger early plant smart quick brave silver garden window summer winter market bridge forest friend'
).split(' ');

export const drawnNames: Readonly<Record<string, Family>> = {
  letters: { about: 'even letters', draw: (d) => from(d, 'abcdefghijklmnopqrstuvwxyz', 10, 20) },
  alphanumeric: {
    about: 'even letters and digits',
    draw: (d) => from(d, 'abcdefghijklmnopqrstuvwxyz0123456789', 10, 24),
  },
  hex: { about: 'hexadecimal digests', draw: (d) => from(d, '0123456789abcdef', 12, 32) },
  base32: { about: 'base32 of data', draw: (d) => from(d, 'abcdefghijklmnopqrstuvwxyz234567', 12, 26) },
  consonants: { about: 'consonant salad', draw: (d) => from(d, 'bcdfghjklmnpqrstvwxz', 8, 16) },
  shifted: {
    about: 'letters a to y by a linear generator, as older families draw',
    draw: (d) => {
      let x = d.below(2 ** 31);
      let out = '';
      for (let i = 0, n = 12 + d.below(8); i < n; i++) {
        x = (Math.imul(x, 1103515245) + 12345) >>> 0;
        out += String.fromCharCode(97 + ((x >>> 16) % 25));
      }
      return out;
    },
  },
  dictionary: {
    about: 'two words joined',
    expected_miss: true,
    draw: (d) => shortWords[d.below(shortWords.length)]! + shortWords[d.below(shortWords.length)]!,
  },
};

/** Registered labels of well-known services, and infrastructure names; half of them learned from, half tested on. */
const known = (
  'google youtube facebook wikipedia amazon twitter instagram linkedin netflix microsoft office live bing apple icloud ' +
  'yahoo reddit pinterest whatsapp tiktok wordpress tumblr github gitlab bitbucket stackoverflow stackexchange mozilla ' +
  'firefox cloudflare cloudfront akamai akamaiedge akamaihd fastly edgekey edgesuite azureedge azurewebsites windows ' +
  'windowsupdate amazonaws googleapis googleusercontent gstatic doubleclick googlesyndication googletagmanager ' +
  'googleanalytics ytimg ggpht fbcdn licdn twimg redditmedia redditstatic pinimg scorecardresearch outbrain taboola ' +
  'criteo adnxs rubiconproject pubmatic openx casalemedia demdex omtrdc adobe adobedtm typekit jquery jsdelivr unpkg ' +
  'bootstrapcdn fontawesome cdnjs npmjs pypi debian ubuntu archlinux fedoraproject redhat centos canonical docker ' +
  'kubernetes grafana elastic splunk datadoghq newrelic sentry pagerduty atlassian slack zoom teams webex gotomeeting ' +
  'dropbox dropboxstatic box salesforce force hubspot zendesk intercom mailchimp sendgrid mailgun stripe paypal ' +
  'paypalobjects ebay ebaystatic etsy shopify alibaba aliexpress taobao tmall jd baidu qq weibo sina sohu bilibili ' +
  'yandex mailru vkontakte rambler naver daum kakao rakuten mercadolibre flipkart booking expedia tripadvisor airbnb ' +
  'uber lyft spotify scdn soundcloud twitch vimeo dailymotion hulu disneyplus roku plex steampowered steamcommunity ' +
  'steamstatic epicgames riotgames blizzard battlenet playstation xboxlive nintendo nytimes washingtonpost theguardian ' +
  'bbc cnn reuters bloomberg forbes spiegel lemonde elpais corriere zeit heise golem slashdot arstechnica theverge ' +
  'kaspersky symantec mcafee avast eset sophos trendmicro paloaltonetworks fortinet checkpoint crowdstrike sentinelone ' +
  'virustotal letsencrypt digicert globalsign sectigo comodoca verisign entrust godaddy namecheap ovh hetzner linode ' +
  'digitalocean vultr scaleway rackspace heroku netlify vercel firebaseio firebaseapp appspot herokuapp githubusercontent ' +
  'githubassets sharepoint onedrive outlook hotmail msftconnecttest msftncsi gravatar wixsite squarespace weebly ' +
  'blogspot blogger medium substack quora duckduckgo startpage ecosia archive imdb fandom weather accuweather ' +
  'speedtest whatismyip ipify pool ntppool volkswagen deutschebank commerzbank sparkasse telekom vodafone swisscom ' +
  'schwarz rechtsanwalt strasse krankenkasse przelewy24 wykop allegro seznam zbozi hvg index444 chip365 mp3juices ' +
  '4shared 9gag 360safe 163mail 51job web2print office365 k8slens wpengine vmware hpecorp xfinity tmobile'
).split(/\s+/);

/** For learning. */
export const peopleNames: readonly string[] = known.filter((_, i) => i % 2 === 0);
/** For testing only. */
export const peopleNamesHeldOut: readonly string[] = known.filter((_, i) => i % 2 === 1);
