using System.Security.Cryptography;
using System.Text;
using Foreword.Data.Cleaning;
using Foreword.Data.Decoding;
using Foreword.Data.Preparing;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Shards;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Data.Tests.Preparing;

public sealed class CorpusPreparerTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    private string Out => _directory.File("shards");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void EveryDocumentEndsWithTheEndOfTextAndItsStartIsKnown()
    {
        PreparationReport report = Prepare(["one", "zwölf", "3"], new PreparationOptions { ValidationShare = 0 });
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Equal([.. "one"u8, 256, .. "zwölf"u8, 256, .. "3"u8, 256], Tokens(data));
        Assert.Equal([0L, 4, 11], Enumerable.Range(0, 3).Select(i => data.DocumentStart(i)));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.DocumentStart(3));
        Assert.Equal((10L, 13L, 3L), (report.TextBytes, data.Count, data.Split.Documents));
        Assert.Equal("nothing", report.Manifest.Validation.Divides);
        Assert.Equal(["train"], report.Manifest.Splits.Keys);
    }

    [Fact]
    public void WithoutAnEndOfTextTokenDocumentsFollowEachOtherBare()
    {
        Prepare(Documents(["ab", "c"]), new PreparationOptions { ValidationShare = 0 }, tokenizer: new ByteTokenizer(endOfText: null));
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Equal([.. "abc"u8], Tokens(data));
        Assert.Equal(2, data.DocumentStart(1));
    }

    /// <summary>A template's begin token is written before each document, and no separator is written twice.</summary>
    [Theory]
    [InlineData(new[] { 1 }, new[] { 256 }, new[] { 1, 'a', 256, 1, 'b', 256 })]
    [InlineData(new[] { 256 }, new int[0], new[] { (int)'a', 256, 'b', 256 })]
    [InlineData(new int[0], new[] { 2, 256 }, new[] { 'a', 2, 256, 'b', 2, 256 })]
    [InlineData(new int[0], new[] { 2 }, new[] { 'a', 2, 256, 'b', 2, 256 })]
    public void DocumentsStandInTheTokenizersTemplate(int[] before, int[] after, int[] tokens)
    {
        Prepare(Documents(["a", "b"]), new PreparationOptions { ValidationShare = 0 }, tokenizer: new ByteTokenizer().With(new TokenRoles { Before = before, After = after }));
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Equal(tokens, Tokens(data));
    }

    /// <summary>The chunks of a long document form one text: a prefix space is added before the text, but not before each chunk.</summary>
    [Fact]
    public void OnlyTheFirstPieceOfADocumentGetsAPrefixSpace()
    {
        Tokenizer gpt2 = SmallGpt2(_directory.File("tokenizer"), """{"add_prefix_space": true}""");
        TextChunk[] pieces = [new("x", EndsDocument: false), new("\ny", EndsDocument: true), new("z", EndsDocument: true)];
        Prepare(pieces, new PreparationOptions { ValidationShare = 0 }, tokenizer: gpt2);
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Equal(" x\ny<|endoftext|> z<|endoftext|>", gpt2.Decode([.. Tokens(data)]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SpecialTokensInDocumentsAreTokensWhereTheyAreAllowed(bool allowSpecial)
    {
        Tokenizer gpt2 = SmallGpt2(_directory.File("tokenizer"), "{}");
        PreparationOptions options = new() { ValidationShare = 0, AllowSpecial = allowSpecial };
        PreparationReport report = Prepare(Documents(["a<|endoftext|>b"]), options, tokenizer: gpt2);
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Equal(allowSpecial ? 2 : 1, Tokens(data).Count(id => id == gpt2.EndOfTextId));
        Assert.Equal(allowSpecial, report.Manifest.AllowSpecial);
        Assert.Equal(allowSpecial, ShardManifest.Load(Out).AllowSpecial);
        Assert.Equal(allowSpecial, File.ReadAllText(Path.Combine(Out, ShardManifest.FileName)).Contains("allow_special", StringComparison.Ordinal));
        Assert.NotEqual(PreparationJournal.RequestOf(gpt2, options, [], []), PreparationJournal.RequestOf(gpt2, options with { AllowSpecial = !allowSpecial }, [], []));
        Assert.NotEqual(PreparationJournal.RequestOf(gpt2, options, [], []), PreparationJournal.RequestOf(gpt2.With(new TokenRoles { EndOfText = 7 }), options, [], []));
    }

    /// <summary>A preparation that an earlier version began can be resumed: newer options are in the request only if they are set.</summary>
    [Fact]
    public void TheRequestOfDefaultOptionsIsThatOfEarlierVersions()
    {
        PreparationOptions options = new();
        string text = $"{new ByteTokenizer().Fingerprint} PreparationOptions {{ ValidationShare = {0.01}, ValidationRun = 1, Seed = 1337, ShardTokens = 100000000, "
            + $"Normalization = None, MinCharacters = 0, Deduplication = None, DuplicateThreshold = {0.8}, Threads = 1 }}\nin\n";
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))), PreparationJournal.RequestOf(new ByteTokenizer(), options, ["in"], []));
        Assert.NotEqual(
            PreparationJournal.RequestOf(new ByteTokenizer(), options, ["in"], []),
            PreparationJournal.RequestOf(new ByteTokenizer(), options with { Reading = new DocumentOptions { TextField = "body" } }, ["in"], []));
    }

    private static Tokenizer SmallGpt2(string directory, string config)
    {
        Directory.CreateDirectory(directory);
        new BpeTrainer { VocabSize = 257 }.Train(["x"], cancellationToken: TestContext.Current.CancellationToken).Save(directory);
        File.WriteAllText(Path.Combine(directory, "tokenizer_config.json"), config);
        return TokenizerFiles.Load(directory);
    }

    [Fact]
    public void TheSplitsTogetherAreTheCorpus()
    {
        string[] documents = [.. Enumerable.Range(0, 1_000).Select(i => $"document {i}")];
        PreparationReport report = Prepare(documents, new PreparationOptions { ValidationShare = 0.1 });
        string[] train = Texts(TokenDataset.Train);
        string[] validation = Texts(TokenDataset.Validation);
        Assert.Equal(900, train.Length);
        Assert.Equal(100, validation.Length);
        Assert.Equal(documents.Order(), train.Concat(validation).Order());
        Assert.Equal(documents.Where(train.Contains), train); // the order is unchanged
        Assert.Equal("documents", report.Manifest.Validation.Divides);
    }

    [Fact]
    public void TheOnlyDocumentIsCutAndTheReportSaysSo()
    {
        string text = string.Concat(Enumerable.Range(0, 1_000).Select(i => $"line {i:D4}\n"));
        PreparationReport report = Prepare([text], new PreparationOptions { ValidationShare = 0.1 });
        Assert.Equal("text", report.Manifest.Validation.Divides);
        Assert.Equal([text[..9_000]], Texts(TokenDataset.Train));
        Assert.Equal([text[9_000..]], Texts(TokenDataset.Validation));
    }

    [Fact]
    public void ReadingCrossesShardBorders()
    {
        string text = string.Concat(Enumerable.Range(0, 100).Select(i => (char)('0' + (i % 10))));
        PreparationReport report = Prepare([text], new PreparationOptions { ValidationShare = 0, ShardTokens = 7 });
        Assert.Equal(Enumerable.Repeat(7L, 14).Append(3), report.Manifest.Splits["train"].Shards.Select(s => s.Tokens));
        using TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train);
        int[] all = [.. text.Select(c => (int)c), 256];
        for (int start = 0; start <= all.Length; start++)
        {
            int[] narrow = new int[Math.Min(20, all.Length - start)];
            long[] wide = new long[narrow.Length];
            data.Read(start, narrow);
            data.Read(start, wide);
            Assert.Equal(all[start..(start + narrow.Length)], narrow);
            Assert.Equal(narrow.Select(id => (long)id), wide);
        }

        Assert.Equal("shard train-00001.bin, token 6", data.Locate(13).ToString());
        Assert.Equal("shard train-00014.bin, token 2", data.Locate(100).ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Locate(101));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Read(95, new int[7]));
    }

    [Fact]
    public void ThreadsAndShardsNeverChangeTheTokens()
    {
        TextChunk[] pieces = [.. Enumerable.Range(0, 4_000).Select(i => new TextChunk(new string((char)('a' + (i % 26)), i % 977 + 1), i % 3 != 1))];
        pieces[^1] = pieces[^1] with { EndsDocument = true };
        List<byte[]> results = [];
        foreach (int threads in (int[])[1, 2, 7])
        {
            string output = _directory.File($"threads-{threads}");
            PreparationOptions options = new() { Threads = threads, ShardTokens = 100_000 };
            Prepare(pieces, options, output);
            results.Add([.. Directory.GetFiles(output, "*", SearchOption.AllDirectories).Order().SelectMany(File.ReadAllBytes)]);
        }

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void AFailureInTheMiddleLeavesTheEarlierPreparationAndNothingElse()
    {
        Prepare(["first", "second"], new PreparationOptions());
        byte[] before = File.ReadAllBytes(Path.Combine(Out, "manifest.json"));
        IEnumerable<TextChunk> broken = Documents(Enumerable.Repeat(new string('x', 10_000), 1_000))
            .Select((piece, i) => i < 500 ? piece : throw new InvalidDataException("line 500 is broken"));
        Assert.Equal("line 500 is broken", Assert.Throws<InvalidDataException>(() => Prepare(broken, new PreparationOptions())).Message);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(Out, "manifest.json")));
        Assert.Equal([Out], Directory.GetFileSystemEntries(_directory.Path));
        Assert.Single(Texts(TokenDataset.Train));
    }

    [Fact]
    public void CancellationLeavesNothing()
    {
        using CancellationTokenSource cancel = new();
        IEnumerable<TextChunk> documents = Documents(Enumerable.Repeat("text", 100_000)).Select((piece, i) =>
        {
            if (i == 70_000)
                cancel.Cancel();
            return piece;
        });
        CorpusPreparer preparer = new(new ByteTokenizer(), new PreparationOptions());
        Assert.ThrowsAny<OperationCanceledException>(() => preparer.Prepare(documents, Out, [], cancellationToken: cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void AnEarlierPreparationIsReplacedWhole()
    {
        Prepare(Enumerable.Repeat("long text", 50), new PreparationOptions { ShardTokens = 10 });
        Prepare(["new"], new PreparationOptions { ValidationShare = 0 });
        Assert.Equal(["manifest.json", "tokenizer", "train-00000.bin", "train.idx"], Directory.GetFileSystemEntries(Out).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal([Out], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void WhatAKillLeavesIsPutBackOrClearedAway()
    {
        Prepare(["kept"], new PreparationOptions { ValidationShare = 0 });
        Directory.Move(Out, _directory.File(".shards.previous")); // the state after a kill between the two moves
        Directory.CreateDirectory(_directory.File(".shards.partial"));
        Assert.Throws<InvalidDataException>(() => Prepare(Array.Empty<string>(), new PreparationOptions()));
        Assert.Equal(["kept"], Texts(TokenDataset.Train));
        Assert.Equal([Out], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void DirectoriesOfOthersAreNotTouched()
    {
        _directory.Write("shards/thesis.txt", "mine");
        Assert.Contains("is not empty and holds no manifest.json", Failure<IOException>());
        string manifest = _directory.Write("shards/manifest.json", "{\"name\":\"a web page\"}");
        Assert.Contains(manifest, Failure<InvalidDataException>());
        Directory.Delete(Out, recursive: true);

        Prepare(["a", "b"], new PreparationOptions());
        _directory.Write("shards/notes.txt", "mine");
        Assert.Contains("holds notes.txt, which is not part of the earlier preparation", Failure<IOException>());
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Out, "notes.txt")));
        Directory.Delete(Out, recursive: true);

        File.WriteAllText(Out, "a file");
        Assert.Contains("is a file", Failure<IOException>());

        string Failure<T>() where T : Exception =>
            Assert.Throws<T>(() => Prepare(["x"], new PreparationOptions())).Message;
    }

    [Fact]
    public void WhatAppearsInTheDirectoryMeanwhileIsNotReplaced()
    {
        IEnumerable<TextChunk> slow = Documents(["text"]).Select(piece =>
        {
            _directory.Write("shards/notes.txt", "mine");
            return piece;
        });
        Assert.Contains("is not empty", Assert.Throws<IOException>(() => Prepare(slow, new PreparationOptions { ValidationShare = 0 })).Message);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(Out, "notes.txt")));
        Assert.Equal([Out], Directory.GetFileSystemEntries(_directory.Path));
    }

    [Fact]
    public void TwoPreparationsOfOneDirectoryDoNotMix()
    {
        IEnumerable<TextChunk> nested = Documents(["outer"]).Select(piece =>
        {
            Assert.Contains("another process is writing", Assert.Throws<IOException>(() => Prepare(["inner"], new PreparationOptions())).Message);
            return piece;
        });
        Prepare(nested, new PreparationOptions { ValidationShare = 0 });
        Assert.Equal(["outer"], Texts(TokenDataset.Train));
    }

    [Fact]
    public void NoTextIsAnError()
    {
        Assert.Equal("the inputs contain no text", Assert.Throws<InvalidDataException>(() => Prepare(Array.Empty<string>(), new PreparationOptions())).Message);
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(0.6)]
    [InlineData(0.00001)]
    [InlineData(double.NaN)]
    public void AShareOutsideItsRangeIsRefused(double share) =>
        Assert.Contains($"the validation share is {share}", Assert.Throws<ArgumentException>(() => new PreparationOptions { ValidationShare = share }.Validate()).Message);

    [Fact]
    public void ADatasetThatDoesNotMatchItsManifestIsRefused()
    {
        Prepare(["one", "two"], new PreparationOptions { ValidationShare = 0 });
        Assert.Contains("has no validation split: it was prepared with a validation share of 0", Failure<InvalidDataException>(TokenDataset.Validation));
        Assert.Contains("has no split \"test\"; it has train", Failure<InvalidDataException>("test"));

        string shard = Path.Combine(Out, "train-00000.bin");
        string index = Path.Combine(Out, "train.idx");
        File.WriteAllBytes(index, new byte[15]);
        Assert.Contains("has 15 bytes; the boundaries of 2 documents need 16", Failure<InvalidDataException>());
        using (TokenShardWriter writer = new(shard, 257))
        {
            writer.Append([1, 2]);
            writer.Complete();
        }

        Assert.Contains("holds 2 tokens; the manifest says 8", Failure<InvalidDataException>());
        File.Delete(shard);
        Assert.Contains($"token shard {shard} does not exist", Failure<FileNotFoundException>());

        string manifest = Path.Combine(Out, "manifest.json");
        string good = File.ReadAllText(manifest);
        File.WriteAllText(manifest, good.Replace("train.idx", "../train.idx"));
        Assert.Contains("\"../train.idx\" is not the name of a file", Failure<InvalidDataException>());
        File.WriteAllText(manifest, good.Replace("\"version\": 1", "\"version\": 9"));
        Assert.Contains("\"version\" is 9; only version 1 is supported", Failure<InvalidDataException>());
        File.WriteAllText(manifest, good[..40]);
        Assert.StartsWith(manifest, Failure<InvalidDataException>());
        File.Delete(manifest);
        Assert.Contains("is not a directory of token shards", Failure<FileNotFoundException>());

        string Failure<T>(string split = TokenDataset.Train) where T : Exception => Assert.Throws<T>(() => TokenDataset.Open(Out, split)).Message;
    }

    [Theory]
    [InlineData("\"directory\": \"tokenizer\"", "\"directory\": \"..\"", "manifest.json: \"..\" is not the name of a file in the same directory")]
    [InlineData("\"directory\": \"tokenizer\"", "\"directory\": \"../../tokenizer\"", "manifest.json: \"../../tokenizer\" is not the name of a file in the same directory")]
    [InlineData("\"documents\": 2", "\"documents\": 2305843009213693954", "the boundaries of 2305843009213693954 documents need 18446744073709551632")] // 2^61 more: the same number of bytes modulo 2^64
    [InlineData("\\{\\s*\"file\"[^}]*\\}", "null", "manifest.json: null where a split, a shard or a file belongs")]
    [InlineData("\"train\": \\{[^]]*\\]\\s*\\}", "\"train\": null", "manifest.json: null where a split, a shard or a file belongs")]
    [InlineData("\"splits\"", "\"files\": [null], \"splits\"", "manifest.json: null where a split, a shard or a file belongs")]
    public void AManifestThatNoPreparationWritesIsRefused(string pattern, string replacement, string fault)
    {
        Prepare(["one", "two"], new PreparationOptions { ValidationShare = 0 });
        string manifest = Path.Combine(Out, "manifest.json"), good = File.ReadAllText(manifest), bad = System.Text.RegularExpressions.Regex.Replace(good, pattern, replacement);
        Assert.NotEqual(good, bad);
        File.WriteAllText(manifest, bad);
        Assert.EndsWith(fault, Assert.Throws<InvalidDataException>(() => TokenDataset.Open(Out, TokenDataset.Train)).Message);
    }

    [Fact]
    public void TheManifestNamesTokenizerInputsAndSplits()
    {
        Prepare(Documents(["a", "b"]), new PreparationOptions { Seed = 5 }, inputs: "wörter.txt");
        string json = File.ReadAllText(Path.Combine(Out, "manifest.json"));
        Assert.Contains("\"fingerprint\": \"bytes\"", json);
        Assert.Contains("\"vocabulary_size\": 257", json);
        Assert.Contains("\"wörter.txt\"", json);
        ShardManifest manifest = ShardManifest.Load(Out);
        Assert.Equal(5, manifest.Validation.Seed);
        Assert.Equal(["train", "validation"], manifest.Splits.Keys);
        Assert.True(File.Exists(Path.Combine(Out, "tokenizer", "bytes.txt")));
    }

    [Fact]
    public void TheTokenizerTravelsWithTheShardsAndAnotherOneIsRefused()
    {
        Tokenizer gpt2 = TokenizerFiles.Load(Fixtures.Path("gpt2-vocab"));
        Prepare(Documents(["Hello world", "x"]), new PreparationOptions { ValidationShare = 0 }, tokenizer: gpt2);
        using (TokenDataset data = TokenDataset.Open(Out, TokenDataset.Train))
        {
            Assert.Equal(gpt2.Fingerprint, data.LoadTokenizer().Fingerprint);
            Assert.Equal([15496, 995, 50256, 87, 50256], Tokens(data));
        }

        string manifest = Path.Combine(Out, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(gpt2.Fingerprint, "another"));
        using TokenDataset changed = TokenDataset.Open(Out, TokenDataset.Train);
        Assert.Contains("is not the tokenizer that made the shards", Assert.Throws<InvalidDataException>(changed.LoadTokenizer).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    public void APreparationThatIsKilledGoesOnAndGivesTheSameBytes(double share)
    {
        string text = _directory.Write("corpus.jsonl", string.Concat(Enumerable.Range(0, 900).Select(i => $"{{\"text\":\"document {i} {new string('x', i * 31 % 5000)}\"}}\n")));
        PreparationOptions options = new() { ValidationShare = share, ShardTokens = 20_000 };
        string partial = _directory.File(".out.partial"), killed = _directory.File("killed");
        int all = 0;
        PreparationReport whole = Prepared(_directory.File("whole"), () => all++);
        foreach (int at in (int[])[1, 2, 3])
        {
            int batches = 0;
            Assert.Throws<InvalidOperationException>(() => Prepared(_directory.File("out"), () =>
            {
                if (++batches < at + 1)
                    return;
                CopyDirectory(partial, killed); // the state that a kill leaves
                throw new InvalidOperationException("killed");
            }));
            Assert.False(Directory.Exists(partial));
            Directory.Move(killed, partial);
            Assert.True(File.Exists(Path.Combine(partial, "journal.json")));
            batches = 0;
            PreparationReport resumed = Prepared(_directory.File("out"), () => batches++);
            Assert.Equal(all - at, batches); // finished work is not repeated
            Assert.Equal(whole.Manifest.Splits["train"].Tokens, resumed.Manifest.Splits["train"].Tokens);
            foreach (string file in Directory.GetFiles(_directory.File("whole")))
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_directory.File("out"), Path.GetFileName(file))));
            Directory.Delete(_directory.File("out"), recursive: true);
        }

        PreparationReport Prepared(string output, Action onBatch)
        {
            DocumentReader reader = DocumentReader.Open([text]);
            return new CorpusPreparer(new ByteTokenizer(), options).Prepare(reader.Read(), output, ["corpus.jsonl"], reader.Files, new Batches(onBatch), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void AnotherRequestDoesNotGoOnWithWhatWasLeft()
    {
        string text = _directory.Write("corpus.txt", new string('a', 5000));
        Directory.CreateDirectory(_directory.File(".out.partial"));
        File.WriteAllText(_directory.File(".out.partial/journal.json"), "{\"Request\":\"another\",\"Pieces\":3}");
        DocumentReader reader = DocumentReader.Open([text]);
        new CorpusPreparer(new ByteTokenizer(), new PreparationOptions()).Prepare(reader.Read(), Out, [text], reader.Files, cancellationToken: TestContext.Current.CancellationToken);
        Assert.False(File.Exists(Path.Combine(Out, "journal.json")));
    }

    [Fact]
    public void WhatADocumentIsStandsInManifestAndJournal()
    {
        string text = _directory.Write("corpus.txt", "one\n\ntwo\n");
        PreparationOptions options = new() { ValidationShare = 0 };
        PreparationOptions[] others =
        [
            options with { Reading = new DocumentOptions { Document = DocumentUnit.BlankLine } },
            options with { Reading = new DocumentOptions { Encoding = TextEncoding.Find("gbk") } },
            options with { Reading = new DocumentOptions { TextField = "body" } },
        ];
        string[] requests = [.. others.Prepend(options).Select(other => PreparationJournal.RequestOf(new ByteTokenizer(), other, [text], [text]))];
        Assert.Equal(requests.Length, requests.Distinct().Count());

        DocumentReader reader = DocumentReader.Open([text], others[0].Reading);
        ShardManifest manifest = new CorpusPreparer(new ByteTokenizer(), others[0]).Prepare(reader.Read(), Out, [text], reader.Files, cancellationToken: TestContext.Current.CancellationToken).Manifest;
        Assert.Equal((2, "blank-line", "utf-8", "text"), (manifest.Splits["train"].Documents, manifest.Reading!.Document, manifest.Reading.Encoding, manifest.Reading.TextField));
        Assert.Contains("\"document\": \"blank-line\"", File.ReadAllText(Path.Combine(Out, ShardManifest.FileName)), StringComparison.Ordinal);
        Assert.Equal(manifest.Reading, ShardManifest.Load(Out).Reading);
    }

    [Fact]
    public void TheManifestHoldsTheHashesOfInputsAndShards()
    {
        string text = _directory.Write("corpus.txt", "some text\nand more");
        DocumentReader reader = DocumentReader.Open([text]);
        PreparationReport report = new CorpusPreparer(new ByteTokenizer(), new PreparationOptions()).Prepare(reader.Read(), Out, [text], reader.Files, cancellationToken: TestContext.Current.CancellationToken);
        ManifestFile file = Assert.Single(report.Manifest.Files!);
        Assert.Equal((text, 18, Hash(text)), (file.Path, file.Bytes, file.Sha256));
        ManifestSplit train = report.Manifest.Splits["train"];
        Assert.Equal(Hash(Path.Combine(Out, train.Shards[0].File)), train.Shards[0].Sha256);
        Assert.Equal(Hash(Path.Combine(Out, train.DocumentStarts)), train.DocumentStartsSha256);

        static string Hash(string path) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
    }

    [Fact]
    public void DocumentsAreCleanedBeforeTheyAreTokenized()
    {
        PreparationOptions options = new() { ValidationShare = 0, Normalization = TextNormalization.Newlines, MinCharacters = 4, Deduplication = Deduplication.Exact };
        PreparationReport report = Prepare(["long\r\nenough", "abc", "long\nenough", "another"], options);
        Assert.Equal(["long\nenough", "another"], Texts("train"));
        Assert.Equal((1, 1), (report.Manifest.Cleaning!.TooShort, report.Manifest.Cleaning.Duplicates));
    }

    private static void CopyDirectory(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from))
        {
            using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite), copy = File.Create(Path.Combine(to, Path.GetFileName(file)));
            source.CopyTo(copy);
        }
    }

    private sealed class Batches(Action each) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => each();
    }

    private PreparationReport Prepare(IEnumerable<string> documents, PreparationOptions options) =>
        Prepare(Documents(documents), options);

    private PreparationReport Prepare(
        IEnumerable<TextChunk> pieces, PreparationOptions options, string? output = null, Tokenizer? tokenizer = null, params string[] inputs) =>
        new CorpusPreparer(tokenizer ?? new ByteTokenizer(), options)
            .Prepare(pieces, output ?? Out, inputs, cancellationToken: TestContext.Current.CancellationToken);

    private static IEnumerable<TextChunk> Documents(IEnumerable<string> texts) => texts.Select(text => new TextChunk(text, EndsDocument: true));

    private static int[] Tokens(TokenDataset data)
    {
        int[] ids = new int[data.Count];
        data.Read(0, ids);
        return ids;
    }

    private string[] Texts(string split)
    {
        using TokenDataset data = TokenDataset.Open(Out, split);
        string all = Encoding.Latin1.GetString([.. Tokens(data).Select(id => id == ByteTokenizer.EndOfText ? (byte)1 : (byte)id)]);
        return all.Split('\u0001')[..^1];
    }
}
