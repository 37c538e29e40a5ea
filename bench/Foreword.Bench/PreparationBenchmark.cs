using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Parquet.Serialization;

namespace Foreword.Bench;

/// <summary>
/// Measures <c>prepare</c> from a file of a given number of megabytes to shards. The file repeats a text, in documents with different
/// beginnings, as plain text, JSON Lines or Parquet. The file is created in a separate run, so that the peak of memory is that of the
/// preparation.
/// </summary>
internal static class PreparationBenchmark
{
    private const int DocumentLength = 3000;

    /// <summary>Writes the corpus.</summary>
    public static void Make(string text, int megabytes, string path)
    {
        string source = File.ReadAllText(text);
        IEnumerable<string> documents = Documents(source, megabytes * 1_000_000L);
        switch (Path.GetExtension(path))
        {
            case ".jsonl":
                File.WriteAllLines(path, documents.Select(document => $"{{\"id\":1,\"text\":{JsonSerializer.Serialize(document)}}}"));
                break;
            case ".parquet":
                using (FileStream file = File.Create(path))
                {
                    bool append = false;
                    foreach (string[] group in documents.Chunk(10_000))
                    {
                        ParquetSerializer.SerializeAsync(group.Select(document => new Row { text = document }), file, new Parquet.ParquetOptions { Append = append }).GetAwaiter().GetResult();
                        append = true;
                    }
                }

                break;
            default:
                using (StreamWriter writer = new(path, append: false, new UTF8Encoding(false)))
                {
                    foreach (string document in documents)
                        writer.Write(document + "\n");
                }

                break;
        }
    }

    /// <summary>Prepares the corpus, and prints the speed and the peak of memory.</summary>
    public static void Run(string corpus, string tokenizer, string output)
    {
        DocumentReader reader = DocumentReader.Open([corpus]);
        PreparationReport report = new CorpusPreparer(TokenizerFiles.Load(tokenizer), new PreparationOptions()).Prepare(reader.Read(), output, [corpus], reader.Files);
        using Process process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{corpus}: {report.TextBytes / 1e6:F0} MB of text in {report.Elapsed.TotalSeconds:F1} s, {report.MegabytesPerSecond:F0} MB/s; peak of memory {process.PeakWorkingSet64 >> 20} MiB"));
    }

    /// <summary>Trains a byte-level BPE, and prints the time and the peak of memory.</summary>
    public static void Train(string corpus, int vocabSize)
    {
        long start = Stopwatch.GetTimestamp();
        Tokenizer tokenizer = new BpeTrainer { VocabSize = vocabSize }.Train(DocumentReader.Open([corpus]).Read().Select(piece => piece.Text));
        using Process process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tokenizer.VocabSize:N0} entries from {new FileInfo(corpus).Length / 1e6:F0} MB in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s; peak of memory {process.PeakWorkingSet64 >> 20} MiB"));
    }

    private static IEnumerable<string> Documents(string source, long bytes)
    {
        Random random = new(1);
        for (long written = 0; written < bytes; written += DocumentLength)
        {
            int start = random.Next(source.Length - DocumentLength);
            yield return $"{written:x} " + source.Substring(start, DocumentLength - 20).Replace('\uFFFD', ' ');
        }
    }

    private sealed class Row
    {
        public string? text { get; set; } // the column that prepare reads
    }
}
