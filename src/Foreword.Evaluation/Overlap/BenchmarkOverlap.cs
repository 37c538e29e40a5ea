using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Overlap;

/// <summary>
/// The overlap of a benchmark's documents with the training text, and the scores without the overlapping documents (GPT-2 paper, section 4). The text
/// of a document is its longest request to the model, with the right answer. Solved examples of other documents do not count.
/// </summary>
/// <param name="Key">The name in the results.</param>
/// <param name="Set">The overlap of the benchmark's documents.</param>
/// <param name="Without">The result over the documents without any overlap; null unless some, but not all, documents overlap.</param>
/// <param name="Only">The result over the overlapping documents; null unless some, but not all, documents overlap.</param>
internal sealed record BenchmarkOverlap(string Key, SetOverlap Set, BenchmarkResult? Without, BenchmarkResult? Only)
{
    /// <summary>Compares the documents with the training text and divides the result.</summary>
    /// <param name="filter">The 8-grams of the training text.</param>
    /// <param name="key">The name in the results.</param>
    /// <param name="result">The result over all documents.</param>
    public static BenchmarkOverlap Compute(OverlapFilter filter, string key, BenchmarkResult result)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(result);
        Tokenizer tokenizer = result.Benchmark.Input.Tokenizer;
        DocumentOverlap[] documents = [.. result.Judgments.Keys.Order().Select(id =>
        {
            string text = Text(result.Benchmark.Set.Documents[id], tokenizer);
            return new DocumentOverlap(id, text, filter.Of(text));
        })];
        int overlapping = documents.Count(document => document.Share.IsOverlapping);
        bool isDivided = overlapping > 0 && overlapping < documents.Length;
        return new BenchmarkOverlap(key, SetOverlap.Compute(key, documents, most: 0), isDivided ? Part(false) : null, isDivided ? Part(true) : null);

        BenchmarkResult Part(bool isOverlapping) => BenchmarkResult.Compute(result.Benchmark, documents.Where(document => document.Share.IsOverlapping == isOverlapping)
            .ToDictionary(document => (int)document.Number, document => result.Judgments[(int)document.Number]));
    }

    private static string Text(BenchmarkDocument document, Tokenizer tokenizer) => document.Requests.Select(request => request switch
    {
        LikelihoodRequest likelihood => likelihood.Context + (likelihood.Continuations.FirstOrDefault(choice => choice.Trim() == document.Target) ?? likelihood.Continuations[0]),
        GenerationRequest generation => $"{generation.Prompt} {document.Target}",
        WindowRequest window => tokenizer.Decode(window.Tokens),
        NextWordRequest word => $"{word.Context} {document.Target}",
        _ => "",
    }).MaxBy(text => text.Length) ?? "";
}
