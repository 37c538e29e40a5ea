using System.Buffers.Binary;
using System.Globalization;
using Foreword.Data.Cleaning;
using Foreword.Data.Reading.Formats;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Evaluation.Overlap;

/// <summary>
/// The 8-grams of a training text as a Bloom filter. With it, the GPT-2 paper (section 4) measures how much of a test set the model may have seen.
/// Words are lower-cased sequences of letters and digits, and each CJK ideograph is a word. An 8-gram never crosses a document boundary. Several
/// threads may measure with the same filter at the same time.
/// </summary>
public sealed class OverlapFilter
{
    /// <summary>Number of words in an n-gram.</summary>
    public const int Words = 8;

    /// <summary>The paper's bound of the false-positive rate.</summary>
    public const double PaperFalsePositives = 1e-8;

    private const string FormatName = "foreword-overlap", Version = "1", BlockName = "bits.";
    private const int BeginningLength = 80, ReportEvery = 1000;

    private readonly BloomFilter _filter;

    private OverlapFilter(BloomFilter filter) => _filter = filter;

    /// <summary>Gets the name of the training text.</summary>
    public required string Source { get; init; }

    /// <summary>Gets the number of documents in the training text.</summary>
    public required long Documents { get; init; }

    /// <summary>Gets the number of 8-grams in the training text; repeated ones count as often as they occur.</summary>
    public required long Grams { get; init; }

    /// <summary>Gets the number of different 8-grams, as far as the filter can tell them apart.</summary>
    public required long DifferentGrams { get; init; }

    /// <summary>Gets the bound of the false-positive rate for which the filter was made.</summary>
    public required double FalsePositiveBound { get; init; }

    /// <summary>Gets the false-positive rate of the filled filter. It is below the bound if 8-grams are repeated.</summary>
    public double FalsePositiveRate => _filter.FalsePositiveRate;

    /// <summary>Gets the memory of the filter in bytes.</summary>
    public long MemoryBytes => _filter.Bits / 8;

    /// <summary>
    /// Creates a filter from a training text. The text is read twice: first to count its 8-grams, which decide the size of the filter, then to add
    /// them. The memory is that of the filter, 4.8 bytes per 8-gram at the paper's rate.
    /// </summary>
    /// <param name="corpus">Returns the training text; every call must return the same text.</param>
    /// <param name="source">The name of the training text.</param>
    /// <param name="falsePositives">The bound of the false-positive rate, above 0 and below 1.</param>
    /// <param name="progress">Receives progress reports; null for none.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="ArgumentOutOfRangeException">The false-positive rate is out of range.</exception>
    /// <exception cref="InvalidOperationException">The filter does not fit into the machine's memory; the message names a rate that fits.</exception>
    /// <exception cref="InvalidDataException">The text is damaged, or changed between the two passes.</exception>
    public static OverlapFilter Create(Func<IEnumerable<TextChunk>> corpus, string source, double falsePositives = PaperFalsePositives, IProgress<OverlapProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(source);
        long counted = 0, documents = Read(corpus(), _ => counted++, isCounting: true, progress, cancellationToken);
        CheckMemory(counted, falsePositives, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        BloomFilter filter = BloomFilter.For(counted, falsePositives);
        long filled = 0, different = 0;
        Read(corpus(), run =>
        {
            filled++;
            different += filter.Add(run) ? 1 : 0;
        }, isCounting: false, progress, cancellationToken);
        if (filled != counted)
            throw new InvalidDataException($"{source} changed while it was read: it had {counted} 8-grams, then {filled}");
        return new OverlapFilter(filter) { Source = source, Documents = documents, Grams = counted, DifferentGrams = different, FalsePositiveBound = falsePositives };
    }

    /// <summary>
    /// Checks by its first bytes whether a file may be a saved filter, which is a safetensors file. No text file begins with these bytes.
    /// </summary>
    public static bool IsFilter(string path)
    {
        if (!File.Exists(path))
            return false;
        Span<byte> start = stackalloc byte[SafetensorsHeader.LengthBytes + 1];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
            && BinaryPrimitives.ReadUInt64LittleEndian(start) <= SafetensorsHeader.MaxLength && start[^1] == '{';
    }

    /// <summary>Reads a filter that <see cref="Save"/> wrote.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is not a filter, has another version, or is damaged.</exception>
    public static OverlapFilter Load(string path)
    {
        if (!IsFilter(path))
            throw File.Exists(path) ? NoFilter(path) : new FileNotFoundException($"there is no file {path}", path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != FormatName)
            throw NoFilter(path);
        if (Text("version") != Version)
            throw new InvalidDataException($"{path}: version {Text("version")} of overlap filters is not supported; supported: {Version}");
        BloomFilter filter;
        try
        {
            filter = new BloomFilter(Number("bits"), checked((int)Number("hashes")));
        }
        catch (Exception problem) when (problem is ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"{path}: {Number("bits")} bits and {Number("hashes")} hashes do not form a valid filter", problem);
        }

        for (int block = 0; block < filter.BlockCount; block++)
        {
            Span<byte> bytes = filter.BlockBytes(block);
            if (!file.Tensors.TryGetValue(BlockName + block, out TensorInfo? tensor) || tensor.Length != bytes.Length)
                throw new InvalidDataException($"{path}: block {block} of the filter is missing or does not have {bytes.Length} bytes");
            file.Bytes(tensor.Name).CopyTo(bytes);
        }

        if (filter.BitsSet != Number("bits_set"))
            throw new InvalidDataException($"{path} is damaged: {filter.BitsSet} bits are set, {Number("bits_set")} were when it was saved");
        if (!double.TryParse(Text("false_positive_bound"), NumberStyles.Float, CultureInfo.InvariantCulture, out double bound))
            throw new InvalidDataException($"{path}: false_positive_bound is '{Text("false_positive_bound")}'; expected a number");
        return new OverlapFilter(filter) { Source = Text("source"), Documents = Number("documents"), Grams = Number("grams"), DifferentGrams = Number("different_grams"), FalsePositiveBound = bound };

        string Text(string key) => file.Metadata.TryGetValue(key, out string? value) ? value : throw new InvalidDataException($"{path}: the filter does not say its {key}");
        long Number(string key) => long.TryParse(Text(key), NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw new InvalidDataException($"{path}: {key} is '{Text(key)}'; expected a whole number");
    }

    /// <summary>Writes the filter as a safetensors file. The file is written completely or not at all.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        SafetensorsWriter writer = new();
        for (int block = 0; block < _filter.BlockCount; block++)
        {
            int own = block;
            writer.Add(BlockName + block, TensorDType.U64, [_filter.BlockBytes(block).Length / sizeof(ulong)], stream => stream.Write(_filter.BlockBytes(own)));
        }

        writer.Save(path, new Dictionary<string, string>
        {
            ["format"] = FormatName,
            ["version"] = Version,
            ["source"] = Source,
            ["documents"] = Number(Documents),
            ["grams"] = Number(Grams),
            ["different_grams"] = Number(DifferentGrams),
            ["false_positive_bound"] = FalsePositiveBound.ToString("R", CultureInfo.InvariantCulture),
            ["bits"] = Number(_filter.Bits),
            ["bits_set"] = Number(_filter.BitsSet),
            ["hashes"] = Number(_filter.Hashes),
        });

        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Measures how much of a text is in the training text.</summary>
    public OverlapShare Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Of([new TextChunk(text, EndsDocument: true)]).FirstOrDefault()?.Share ?? default;
    }

    /// <summary>
    /// Measures how much of each document is in the training text. Documents may have any length, because they are read in chunks.
    /// </summary>
    public IEnumerable<DocumentOverlap> Of(IEnumerable<TextChunk> documents)
    {
        ArgumentNullException.ThrowIfNull(documents);
        long number = 0, grams = 0, found = 0;
        string beginning = "";
        WordRuns runs = new(Words, run =>
        {
            grams++;
            found += _filter.Contains(run) ? 1 : 0;
        });
        foreach (TextChunk chunk in documents)
        {
            runs.Add(chunk.Text);
            if (beginning.Length == 0)
                beginning = chunk.Text[..Math.Min(chunk.Text.Length, BeginningLength)];
            if (!chunk.EndsDocument)
                continue;
            runs.EndWord();
            runs.Reset();
            yield return new DocumentOverlap(++number, beginning, new OverlapShare(grams, found));
            (grams, found, beginning) = (0, 0, "");
        }
    }

    /// <summary>Throws if a filter is larger than the available memory. The message names a rate that fits.</summary>
    internal static void CheckMemory(long grams, double falsePositives, long available)
    {
        long needed = BloomFilter.BitsFor(grams, falsePositives) / 8;
        if (needed <= available)
            return;
        double fits = 0.5;
        for (double rate = falsePositives; rate < fits; rate *= 10)
        {
            if (BloomFilter.BitsFor(grams, rate) / 8 <= available)
                fits = rate;
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"a filter for {grams:N0} 8-grams takes {needed / 1e9:F1} GB at a false-positive rate of {falsePositives:0.#e0}, and there are {available / 1e9:F1} GB; a rate of {fits:0.#e0} takes {BloomFilter.BitsFor(grams, fits) / 8e9:F1} GB"));
    }

    private static long Read(IEnumerable<TextChunk> corpus, Action<ulong> onRun, bool isCounting, IProgress<OverlapProgress>? progress, CancellationToken cancellationToken)
    {
        long documents = 0, grams = 0;
        WordRuns runs = new(Words, run =>
        {
            grams++;
            onRun(run);
        });
        foreach (TextChunk chunk in corpus)
        {
            cancellationToken.ThrowIfCancellationRequested();
            runs.Add(chunk.Text);
            if (!chunk.EndsDocument)
                continue;
            runs.EndWord();
            runs.Reset();
            if (++documents % ReportEvery == 0)
                progress?.Report(new OverlapProgress(isCounting, documents, grams));
        }

        return documents;
    }

    private static InvalidDataException NoFilter(string path) => new($"{path} is not an overlap filter");
}
