using System.IO.Compression;
using System.Text;
using Foreword.Data.Baselines;
using Foreword.Data.Cleaning;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Shards;
using Foreword.Data.Tables;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.NativeAot;

/// <summary>Reads documents and tables in every format, and makes token shards and a Kneser-Ney model of them.</summary>
internal static class Corpora
{
    /// <summary>Two rows of the types that a column usually has, the second full of nulls; written by Parquet.Net, which this program must not name: it would bring types that reading has to get by without.</summary>
    private const string EveryType = "tables/every-type.parquet";

    public static void Run(Report report)
    {
        Directory.CreateDirectory(report.Work("corpus"));
        File.Copy(report.Fixture(EveryType), report.Work("corpus/f.parquet"));
        string[] files =
        [
            report.Write("corpus/a.txt", "One text.\nIn two lines.\n"),
            report.Write("corpus/b.jsonl", "{\"text\": \"two\"}\n{\"text\": \"three \\u00e9\"}\n"),
            report.Write("corpus/c.csv", "id,text\n1,\"four, \"\"quoted\"\"\"\n2,five\n"),
            report.Write("corpus/d.tsv", "text\tid\nsix\t6\n"),
            report.Write("corpus/e.html", "<html><head><title>no</title></head><body><h1>A  title</h1><p>First &amp; <b>bold</b>.<br>Second&nbsp;line.</p><script>no</script><ul><li>one</li></ul></body></html>"),
            report.Work("corpus/f.parquet"),
            Compressed(report.Work("corpus/g.txt.gz"), stream => new GZipStream(stream, CompressionLevel.Optimal), "seven, compressed"),
            Compressed(report.Work("corpus/h.txt.zst"), stream => new ZstdSharp.CompressionStream(stream), "eight, compressed"),
        ];
        foreach (TextChunk piece in DocumentReader.Open([report.Work("corpus")]).Read())
            report.Say("document", piece.ToString());
        foreach (string file in files.Skip(1).Where(file => Path.GetExtension(file) is not (".html" or ".gz" or ".zst")))
        {
            foreach (TableRow row in TableReader.Read(file, ["text"]))
                report.Say($"row {row.Where}", string.Join('|', row.Cells.SelectMany(cell => cell)));
            report.SayRefusal($"{Path.GetFileName(file)}, no such column", () => TableReader.Read(file, ["txt"]));
        }

        foreach (TableRow row in TableReader.Read(report.Fixture("benchmarks/copa/copa-dev.xml"), ["p"], new TableOptions { Format = TableFormat.Copa }).Take(2))
            report.Say("COPA", string.Join('|', row.Cells.SelectMany(cell => cell)));
        foreach (string column in (string[])["flag", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", "money", "when", "day", "id", "raw", "words", "question.stem", "question.choices[].text", "question.choices[].tags", "question", "3"])
            report.SayRefusal($"Parquet, {column}", () => TableReader.Read(report.Fixture(EveryType), [column]).Select(row => report.Said($"Parquet, {column}", string.Join('|', row.Cells[0]))));
        File.WriteAllText(report.Work("broken.parquet"), "PAR1 no");
        report.SayRefusal("broken Parquet", () => TableReader.Read(report.Work("broken.parquet"), ["text"]));
        File.WriteAllText(report.Work("broken.txt.zst"), "no");
        report.SayRefusal("broken Zstandard", () => DocumentReader.Open([report.Work("broken.txt.zst")]).Read());

        string corpus = report.Fixture("golden/tokenizers/bpe-train-corpus.txt");
        Tokenizer tokenizer = new BpeTrainer { VocabSize = 400 }.Train([File.ReadAllText(corpus)]);
        DocumentReader reader = DocumentReader.Open([corpus, .. files]);
        PreparationReport prepared = new CorpusPreparer(tokenizer, new PreparationOptions { ValidationShare = 0.2, Deduplication = Deduplication.MinHash, Threads = 2 }).Prepare(reader.Read(), report.Work("shards"), ["corpus"], reader.Files);
        report.Say("shards", prepared.Manifest.Tokenizer.ToString());
        using TokenDataset train = TokenDataset.Open(report.Work("shards"), TokenDataset.Train);
        int[] ids = new int[(int)train.Count];
        train.Read(0, ids);
        report.Say("shards", ids);
        report.Say("shards, tokenizer", train.LoadTokenizer().Fingerprint);
        report.Say("Kneser-Ney", [KneserNey.Train(ids, tokenizer.VocabSize).MeanNegativeLogLikelihood(ids)]);
        File.WriteAllText(report.Work("shards/manifest.json"), "{\"version\": \"one\"}");
        report.SayRefusal("broken manifest", () => TokenDataset.Open(report.Work("shards"), TokenDataset.Train));
    }

    private static string Compressed(string path, Func<Stream, Stream> compress, string text)
    {
        using FileStream file = File.Create(path);
        using Stream stream = compress(file);
        stream.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }
}
