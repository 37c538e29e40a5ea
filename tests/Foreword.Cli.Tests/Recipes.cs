namespace Foreword.Cli.Tests;

/// <summary>A recipe that trains in seconds, with its text.</summary>
internal static class Recipes
{
    public static string Text(TemporaryDirectory directory) =>
        directory.Write("corpus.txt", string.Concat(Enumerable.Range(0, 800).Select(i => $"Line {i} says that {i * i % 97} is a number and that {i % 7} is another.\n")));

    public static string Small(TemporaryDirectory directory) => directory.Write("small.yaml", $"""
        model: {"{"}n_layer: 2, n_head: 2, n_embd: 32, context_length: 32, dropout: 0.1{"}"}
        data:
          text: [{Text(directory)}]
          vocab_size: 300
          validation: 0.1
        train:
          steps: 6
          batch_size: 4
          lr: 3e-3
          min_lr: 3e-4
          warmup_steps: 2
          log_every: 1
          eval_every: 3
          eval_batches: 4
          checkpoint_every: 3
          threads: 2
        """);
}
