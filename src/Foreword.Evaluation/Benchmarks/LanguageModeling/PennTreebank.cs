using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>The Penn Treebank in the form that Mikolov et al. (2010) published for language modeling.</summary>
internal static class PennTreebank
{
    public static Benchmark Benchmark { get; } = new WordCorpus("ptb", "newspaper sentences, perplexity", "a sentence a line, small letters, <unk> and N", Detokenizer.PennTreebank,
        PublishedFigure.Gpt2(WordCorpus.Perplexity, 65.85, 47.33, 40.31, 35.76), "ptb/ptb.test.txt");
}
