// Tells English from other languages in Latin script, by the words that every sentence of a language is full of.

/** Words that hold sentences together; those that are English words too, or common in names, are left out. */
const functionWords: Readonly<Record<string, string>> = {
  german:
    "der das und ist nicht ein eine einen einem einer dem des mit von auf für sich als auch wird werden wurde sind bei nach aus oder im zum zur über kann durch haben hat noch nur wenn aber ich sie wir es",
  french:
    "le la les des du de et est une dans que qui pas sur avec sont au aux ce cette ces il elle nous vous été être leur mais ou où se ne je un en par à ont",
  spanish:
    "el la los las de del que y en un una por con para es su como más pero está al lo fue ser se ha han muy sin sobre también entre este esta",
  portuguese:
    "os de da dos das que em um uma para com não por mais como foi são ao na pelo pela ou mas ser também se sua seu é à",
  italian:
    "il lo la gli di del della dei delle che è un una con sono si più nel nella alla anche ma questo questa da non viene le degli ha",
  dutch:
    "de het een en van dat niet voor met zijn aan ook als bij naar wordt worden maar om ze ik je deze die werd hebben",
  polish:
    "w z się nie jest że jak po od dla są przez przy lub oraz która który które na był była być ale tym",
  swedish: "och att det som på är av för med inte ett var från eller kan har de en den till sig",
  danish: "og det er af på til ikke som der har den en et med fra kan eller blev også",
  finnish: "ja ei että oli ovat kun mutta tai niin ole joka mukaan sekä hän myös",
  turkish: "ve bir bu için ile olarak çok daha gibi kadar olan ne mi da de ise",
  indonesian:
    "yang dan di ini itu dengan untuk dari pada adalah tidak dalam akan oleh juga ke atau",
  vietnamese: "là và của có không được cho các một những trong người với này đã",
  romanian: "și în de la cu pe nu este că care din mai pentru sunt sau a fost prin",
  czech: "je se na že jako po od pro nebo ale by jsou který která bylo byl také ve",
  hungarian: "az és hogy nem egy volt ez meg már csak vagy de mint el",
  swahili: "na ya wa kwa ni la katika za cha kuwa hii yake",
  filipino: "ang ng mga sa na ay ito siya hindi para kung",
  catalan: "el la els les de del que i en un una per amb és són no es al més com",
};

/** Words that begin a question. */
const questionWords =
  "wie warum wieso welche welcher welches wann wo wer wieviel pourquoi quand où quel quelle quels quelles combien quoi " +
  "qué cómo cuándo dónde quién cuál cuánto cuántos como quando onde quem qual quais quanto quantos perché dove chi quale quali cosa che " +
  "hoe waarom wanneer waar wie welke wat jak dlaczego kiedy gdzie kto który która czy ile nasıl neden niçin kaç hangi kim " +
  "varför hur när vad vilken vilket vem hvordan hvorfor hvad hvornår hvilken hvem hva miksi miten kuinka mikä milloin missä kuka " +
  "bagaimana mengapa kapan apa siapa berapa proč kdy kde kdo miért hogyan mikor hol ki cât unde când cine ano bakit paano kailan";

const english = new Set(
  (
    "the of and to in is that for it as with was are be this by from at or an have not which you on can has will but they " +
    "were their its if when what how your we more other out up all use about into than then been who may each such only " +
    "using does did should must he his her there these those after before between where why them would could do so my any"
  ).split(" "),
);

const languages = Object.values(functionWords).map((words) => new Set(words.split(" ")));
const questions = new Set(questionWords.split(" ").filter((word) => !english.has(word)));

/** English is full of its own words, other languages at most of a few of them. */
const plainlyEnglish = 1 / 8;

/** Below so many words a text is a heading or a list, in which function words say little. */
const fewestWords = 4;

/** Whether a text in Latin script is plainly of another language than English. What is short or mixed passes. */
export function isForeign(text: string): boolean {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.length === 0) return false;
  const known = words.filter((word) => english.has(word)).length;
  if (known === 0 && questions.has(words[0]!) && words.length > 1) return true;
  if (words.length < fewestWords) return false;
  if (known >= 3 && known >= words.length * plainlyEnglish) return false;
  const foreign = Math.max(...languages.map((language) => distinctIn(language, words)));
  if (foreign >= 3 && foreign > known) return true;
  // Where every sentence has letters with marks, the words need not be known.
  const letters = words.join("");
  const marked = letters.replace(/[a-z]/g, "").length;
  return marked >= 5 && marked / letters.length > 0.08 && known * 10 < words.length;
}

function distinctIn(language: ReadonlySet<string>, words: readonly string[]): number {
  return new Set(words.filter((word) => language.has(word))).size;
}
