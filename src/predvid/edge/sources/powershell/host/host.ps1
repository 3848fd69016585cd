# The loop that answers the agent: a line of tab-separated words in, one marked line of JSON out.
#   ID  wmi     NAMESPACE  CLASS  PROPERTIES  FILTER
#   ID  script  PATH  ARGUMENT ...
# It reads only. It ends when the agent closes its input. Windows PowerShell 5.1.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$VerbosePreference = 'SilentlyContinue'
$invariant = [Globalization.CultureInfo]::InvariantCulture
[Threading.Thread]::CurrentThread.CurrentCulture = $invariant
$utf8 = New-Object System.Text.UTF8Encoding -ArgumentList $false
$inward = New-Object System.IO.StreamReader -ArgumentList ([Console]::OpenStandardInput()), $utf8
$outward = New-Object System.IO.StreamWriter -ArgumentList ([Console]::OpenStandardOutput()), $utf8
$mark = $env:PREDVID_MARK
$maxDepth = 7
$maxRows = 20000
$controls = New-Object System.Text.RegularExpressions.Regex -ArgumentList '[\x00-\x1f\u2028\u2029]'

function Write-Text($into, [string]$text) {
    $text = $text.Replace('\', '\\').Replace('"', '\"')
    if ($controls.IsMatch($text)) {
        $text = $controls.Replace($text, { param($found) '\u{0:x4}' -f [int][char]$found.Value })
    }
    [void]$into.Append('"').Append($text).Append('"')
}

function Write-Pairs($into, $pairs, [int]$depth) {
    [void]$into.Append('{')
    $first = $true
    foreach ($pair in $pairs) {
        if (-not $first) { [void]$into.Append(',') }
        $first = $false
        Write-Text $into ([string]$pair[0])
        [void]$into.Append(':')
        Write-Value $into $pair[1] ($depth + 1)
    }
    [void]$into.Append('}')
}

function Write-Rows($into, $rows, [int]$depth) {
    [void]$into.Append('[')
    $count = 0
    foreach ($row in $rows) {
        if ($count -ge $maxRows) { break }
        if ($count -gt 0) { [void]$into.Append(',') }
        $count++
        Write-Value $into $row ($depth + 1)
    }
    [void]$into.Append(']')
}

function Write-Number($into, $value) {
    if (($value -is [double] -or $value -is [single]) -and ([double]::IsNaN($value) -or [double]::IsInfinity($value))) {
        [void]$into.Append('null')
    }
    elseif ($value -is [double] -or $value -is [single]) { [void]$into.Append($value.ToString('R', $invariant)) }
    else { [void]$into.Append([Convert]::ToString($value, $invariant)) }
}

function Get-Pairs($value) {
    if ($value -is [Microsoft.Management.Infrastructure.CimInstance]) {
        foreach ($property in $value.CimInstanceProperties) { , @($property.Name, $property.Value) }
    }
    elseif ($value -is [Collections.IDictionary]) {
        foreach ($key in $value.Keys) { , @($key, $value[$key]) }
    }
    else {
        foreach ($property in $value.PSObject.Properties) {
            $held = $null
            try { $held = $property.Value } catch { $held = $null }
            , @($property.Name, $held)
        }
    }
}

function Write-Simple($into, $value) {
    # Returns whether the value was a simple one.
    if ($null -eq $value) { [void]$into.Append('null'); return $true }
    if ($value -is [bool]) { [void]$into.Append($(if ($value) { 'true' } else { 'false' })); return $true }
    if ($value -is [string] -or $value -is [char]) { Write-Text $into ([string]$value); return $true }
    if ($value -is [datetime]) {
        Write-Text $into ($value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", $invariant)); return $true
    }
    if ($value -is [timespan]) { Write-Number $into $value.TotalSeconds; return $true }
    if ($value -is [enum]) { [void]$into.Append($value.ToString('D')); return $true }
    if ($value -is [ValueType] -and $value.GetType().IsPrimitive) { Write-Number $into $value; return $true }
    if ($value -is [decimal]) { Write-Number $into $value; return $true }
    if ($value -is [guid] -or $value -is [version] -or $value -is [uri] -or $value -is [type]) {
        Write-Text $into $value.ToString(); return $true
    }
    return $false
}

function Write-Value($into, $value, [int]$depth) {
    if ($value -is [psobject] -and $null -ne $value.PSObject.BaseObject -and
        $value.PSObject.BaseObject -isnot [Management.Automation.PSCustomObject]) {
        $value = $value.PSObject.BaseObject
    }
    if (Write-Simple $into $value) { return }
    if ($depth -gt $maxDepth) { Write-Text $into ([string]$value); return }
    if ($value -is [Collections.IEnumerable] -and $value -isnot [Collections.IDictionary]) {
        Write-Rows $into $value $depth
        return
    }
    Write-Pairs $into @(Get-Pairs $value) $depth
}

function Read-Cim($space, $class, $properties, $filter) {
    $wanted = @($properties.Split(',') | Where-Object { $_ })
    $query = @{ Namespace = $space; ClassName = $class }
    if ($filter) { $query.Filter = $filter }
    if ($wanted.Count -eq 0) { return @(Get-CimInstance @query) }
    try { $found = @(Get-CimInstance @query -Property $wanted) }
    catch [Microsoft.Management.Infrastructure.CimException] {
        # An older Windows may lack one of the properties: ask for all of them and take what there is.
        if ((Get-Kind $_.Exception) -ne 'failed') { throw }
        $found = @(Get-CimInstance @query)
    }
    foreach ($instance in $found) {
        $row = [ordered]@{}
        foreach ($name in $wanted) {
            $property = $instance.CimInstanceProperties[$name]
            if ($null -ne $property) { $row[$property.Name] = $property.Value }
        }
        $row
    }
}

function Get-Kind($failure) {
    # Numbers and types, never words: Windows speaks many languages.
    while ($null -ne $failure) {
        if ($failure -is [Management.Automation.CommandNotFoundException]) { return 'missing' }
        if ($failure -is [UnauthorizedAccessException]) { return 'denied' }
        if ($failure.HResult -eq -2147024891) { return 'denied' }
        if ($failure -is [Microsoft.Management.Infrastructure.CimException]) {
            switch ([int]$failure.NativeErrorCode) {
                2 { return 'denied' }   # AccessDenied
                3 { return 'missing' }  # InvalidNamespace
                5 { return 'missing' }  # InvalidClass
                6 { return 'missing' }  # NotFound
            }
        }
        $failure = $failure.InnerException
    }
    return 'failed'
}

function Write-Answer([string]$id, $answer) {
    $into = New-Object System.Text.StringBuilder
    [void]$into.Append($mark).Append(' ').Append($id).Append(' ')
    Write-Value $into $answer -1
    $outward.Write($into.ToString())
    $outward.Write("`n")
    $outward.Flush()
}

while ($null -ne ($line = $inward.ReadLine())) {
    $words = $line.Split("`t")
    try {
        if ($words[1] -eq 'wmi') { $value = @(Read-Cim $words[2] $words[3] $words[4] $words[5]) }
        else {
            $script = [ScriptBlock]::Create([IO.File]::ReadAllText($words[2], $utf8))
            $rest = @($words | Select-Object -Skip 3)
            $value = @(& { param($body, $Arguments) . $body } $script $rest)
        }
        Write-Answer $words[0] @{ value = $value }
    }
    catch {
        $detail = ([string]$_.Exception.Message).Trim()
        $kind = Get-Kind $_.Exception
        if ($_.FullyQualifiedErrorId -match '^NoMatching(Logs|Providers)Found') { $kind = 'missing' }
        Write-Answer $words[0] @{ error = @{ kind = $kind; detail = $detail } }
    }
}
