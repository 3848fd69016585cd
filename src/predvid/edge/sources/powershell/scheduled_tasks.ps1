# Scheduled tasks outside Windows' own folder \Microsoft, with their last result as the unsigned number it is.
# timeout: 60
$most = 500
$service = New-Object -ComObject Schedule.Service
$service.Connect()
$hidden = 1 # TASK_ENUM_HIDDEN
$folders = New-Object System.Collections.Queue
$folders.Enqueue($service.GetFolder('\'))
$tasks = New-Object System.Collections.ArrayList
while ($folders.Count -gt 0 -and $tasks.Count -lt $most) {
    $folder = $folders.Dequeue()
    foreach ($child in @($folder.GetFolders(0))) {
        if ([string]$child.Path -ne '\Microsoft') { $folders.Enqueue($child) }
    }
    foreach ($task in @($folder.GetTasks($hidden))) {
        # Before 2000 stands for "never": the scheduler gives 30 November 1999 or 1899.
        $last = [DateTime]$task.LastRunTime
        $ran = $null
        if ($last.Year -ge 2000) { $ran = $last.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ') }
        [void]$tasks.Add([ordered]@{
                path    = [string]$task.Path
                enabled = [bool]$task.Enabled
                state   = [int]$task.State
                result  = [int64]$task.LastTaskResult -band [int64]4294967295
                ran     = $ran
                missed  = [int]$task.NumberOfMissedRuns
            })
    }
}
@{ tasks = @($tasks | Select-Object -First $most) }
