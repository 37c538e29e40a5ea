namespace Foreword.Evaluation.Running;

/// <summary>A benchmark of a group, with the group's own conditions.</summary>
/// <param name="Text">The benchmark with its switches, as on the command line.</param>
/// <param name="Shots">The number of solved examples; null for the paper's.</param>
/// <param name="Metric">The metric that the group's score takes.</param>
/// <param name="Chance">The score of a guess in the group's score; null for the benchmark's.</param>
internal sealed record GroupMember(string Text, int? Shots = null, string Metric = "acc", double? Chance = null);

/// <summary>Represents several benchmarks under one name.</summary>
/// <param name="Name">The name, such as <c>core</c>.</param>
/// <param name="Title">A description of a few words.</param>
/// <param name="Members">The benchmarks.</param>
/// <param name="Total">The number of benchmarks of the published group; 0 if the group has no score of its own.</param>
internal sealed record BenchmarkGroup(string Name, string Title, IReadOnlyList<GroupMember> Members, int Total = 0);
