using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Foreword.Data.Reading;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.WordPieces;
using Microsoft.ML.Tokenizers;

namespace Foreword.Bench;

/// <summary>
/// Compares tokenizers with their peers in one run: encoding with GPT-2's vocabulary on one thread and on all, inputs that take quadratic time
/// in other implementations, and training against SentencePiece if spm_train is installed. All take turns, and the best of the rounds counts.
/// </summary>
internal static partial class TokenizerComparison
{
    private const int Rounds = 5;
    private const int TrainingBytes = 5_000_000;
    private const int TrainingVocabulary = 8000;
    private const string SentencePiece = "spm_train";

    public static void Run(string vocabulary, string[] inputs)
    {
        Foreword.Tokenization.Tokenizer ours = TokenizerFiles.Load(vocabulary);
        TiktokenTokenizer theirs = Peer((ByteLevelBpe)ours);
        (List<string> pieces, double megabytes) = Read(inputs);
        Line($"{megabytes:F1} MB in {pieces.Count} pieces, {Environment.ProcessorCount} cores");

        Encode(ours, theirs, pieces, megabytes);
        Hard(ours, theirs);
        Train(pieces);
    }

    /// <summary>Measures GPT-1's BPE alone, and compares WordPiece with the peer's BertTokenizer, including the ids.</summary>
    /// <param name="gpt1">Directory of GPT-1's vocabulary.</param>
    /// <param name="english">Text for GPT-1's BPE.</param>
    /// <param name="vocabulary">A WordPiece vocab.txt.</param>
    /// <param name="chinese">Text for WordPiece.</param>
    public static void RunOthers(string gpt1, string english, string vocabulary, string chinese)
    {
        Foreword.Tokenization.Tokenizer words = TokenizerFiles.Load(gpt1);
        (List<string> pieces, double megabytes) = Read([english]);
        double gpt1Seconds = Best(() => EncodeAll(words, pieces))[0];
        Line($"GPT-1 BPE, one thread: {megabytes / gpt1Seconds:F0} MB/s of {megabytes:F1} MB");

        WordPiece ours = WordPieceFiles.Read(vocabulary);
        BertTokenizer theirs = BertTokenizer.Create(vocabulary);
        foreach (string text in (string[])[chinese, english])
        {
            (pieces, megabytes) = Read([text]);
            int differ = pieces.Count(piece => !ours.Encode(piece).SequenceEqual(theirs.EncodeToIds(piece, addSpecialTokens: false)));
            double[] best = Best(() => EncodeAll(ours, pieces), () =>
            {
                foreach (string piece in pieces)
                    _ = theirs.EncodeToIds(piece, addSpecialTokens: false);
            });
            Line($"WordPiece, one thread: {megabytes / best[0]:F0} MB/s of {megabytes:F1} MB; Microsoft.ML.Tokenizers {megabytes / best[1]:F0} MB/s: {best[1] / best[0]:F2} times as fast; other ids in {differ} of {pieces.Count} pieces");
        }
    }

    private static (List<string> Pieces, double Megabytes) Read(string[] inputs)
    {
        List<string> pieces = [.. DocumentReader.Open(inputs).Read().Select(piece => piece.Text)];
        return (pieces, pieces.Sum(piece => (long)Encoding.UTF8.GetByteCount(piece)) / 1e6);
    }

    private static void EncodeAll(Foreword.Tokenization.Tokenizer tokenizer, List<string> pieces)
    {
        List<int> ids = [];
        foreach (string piece in pieces)
        {
            ids.Clear();
            tokenizer.Encode(piece.AsSpan(), ids);
        }
    }

    private static void Encode(Foreword.Tokenization.Tokenizer ours, TiktokenTokenizer theirs, List<string> pieces, double megabytes)
    {
        long allocated = 0;
        double[] best = Best(
            () =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                EncodeAll(ours, pieces);
                allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            },
            () =>
            {
                foreach (string piece in pieces)
                    _ = theirs.EncodeToIds(piece);
            },
            () => EncodeOnAllCores(ours, pieces));
        Line($"encode, one thread: {megabytes / best[0]:F0} MB/s, {allocated / megabytes / 1e3:F0} kB allocated a MB; Microsoft.ML.Tokenizers {megabytes / best[1]:F0} MB/s: {best[1] / best[0]:F2} times as fast");
        Line($"encode, all cores:  {megabytes / best[2]:F0} MB/s: {best[0] / best[2]:F2} times one thread");
    }

    /// <summary>
    /// Encodes with one thread per core. Each thread takes the next chunk of text that no other has taken. This is what Parallel.ForEach does, but
    /// without its startup time.
    /// </summary>
    private static void EncodeOnAllCores(Foreword.Tokenization.Tokenizer tokenizer, List<string> pieces)
    {
        int next = -1;
        Thread[] threads = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        void Work()
        {
            List<int> ids = [];
            for (int i; (i = Interlocked.Increment(ref next)) < pieces.Count;)
            {
                ids.Clear();
                tokenizer.Encode(pieces[i].AsSpan(), ids);
            }
        }
    }

    private static void Hard(Foreword.Tokenization.Tokenizer ours, TiktokenTokenizer theirs)
    {
        const int Length = 20_000;
        Random random = new(1);
        (string Name, string Text)[] cases =
        [
            ("times a", new string('a', Length)),
            ("random letters", string.Create(Length, random, static (text, source) =>
            {
                foreach (ref char letter in text)
                    letter = (char)('a' + source.Next(26));
            })),
            ("spaces", new string(' ', Length)),
        ];
        foreach ((string name, string text) in cases)
        {
            double[] best = Best(() => ours.Encode(text), () => theirs.EncodeToIds(text));
            Line($"{Length:N0} {name}: {best[0] * 1e3:F2} ms; Microsoft.ML.Tokenizers {best[1] * 1e3:F2} ms");
        }
    }

    private static void Train(List<string> pieces)
    {
        string text = string.Concat(pieces);
        text = text[..Math.Min(text.Length, TrainingBytes)];
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        double ours = Best(() => new BpeTrainer { VocabSize = TrainingVocabulary }.Train([text]))[0];
        Line($"train {TrainingVocabulary:N0} entries on {text.Length / 1e6:F1} M characters: {ours:F2} s");
        string directory = Directory.CreateTempSubdirectory("foreword-bench").FullName;
        string file = Path.Combine(directory, "text.txt");
        File.WriteAllLines(file, lines);
        try
        {
            double theirs = Best(() => SentencePieceTrain(file, Path.Combine(directory, "model")))[0];
            Line($"{SentencePiece}, BPE, the same text: {theirs:F2} s, {theirs / ours:F2} times as long");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Line($"{SentencePiece} is not installed: not compared");
        }

        Directory.Delete(directory, recursive: true);
    }

    private static void SentencePieceTrain(string file, string model)
    {
        using Process process = Process.Start(new ProcessStartInfo(SentencePiece)
        {
            ArgumentList = { $"--input={file}", $"--model_prefix={model}", "--model_type=bpe", $"--vocab_size={TrainingVocabulary}", $"--num_threads={Environment.ProcessorCount}", "--max_sentence_length=100000" },
            RedirectStandardError = true,
        })!;
        _ = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{SentencePiece} ended with {process.ExitCode}");
    }

    /// <summary>Creates the peer with the same ids: tiktoken's ranks are GPT-2's ids.</summary>
    private static TiktokenTokenizer Peer(ByteLevelBpe ours)
    {
        MemoryStream ranks = new();
        using (StreamWriter writer = new(ranks, leaveOpen: true))
        {
            for (int id = 0; id < ours.VocabSize; id++)
            {
                if (id != ours.EndOfTextId)
                    writer.Write($"{Convert.ToBase64String(ours.TokenBytes(id))} {id}\n");
            }
        }

        ranks.Position = 0;
        return TiktokenTokenizer.Create(ranks, new RegexPreTokenizer(Pattern(), null), null);
    }

    /// <summary>Returns the seconds of each action: the best of the rounds, in which the actions take turns.</summary>
    private static double[] Best(params Action[] actions)
    {
        double[] best = new double[actions.Length];
        Array.Fill(best, double.PositiveInfinity);
        for (int round = 0; round <= Rounds; round++)
        {
            for (int i = 0; i < actions.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                actions[i]();
                if (round > 0) // the first round includes compilation
                    best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        return best;
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Pattern();
}
